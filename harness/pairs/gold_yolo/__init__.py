"""Gold-YOLO: detects objects; gathers and distributes features of all levels."""
