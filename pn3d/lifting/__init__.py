"""Windows of 2D to the teacher's skeleton and the student's body."""
