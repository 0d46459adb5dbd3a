makeTable();
makeTree();
makeCharts();
makePanel();
