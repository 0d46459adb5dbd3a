"""python -m weight_convert"""

from weight_convert.cli import main

main()
