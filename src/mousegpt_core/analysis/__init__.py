"""From vectors and labels to behaviours, bouts, scores and answers to questions."""
