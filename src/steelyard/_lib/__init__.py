"""Small tools by topic. Nothing here knows what an evaluation is."""
