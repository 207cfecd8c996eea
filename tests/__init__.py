"""What must hold, under the same names as the code: by area, as stories, and of the house itself."""
