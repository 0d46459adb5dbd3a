"""CPANet: few-shot segmentation of surface defects."""
