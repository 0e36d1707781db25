//! A model's small layers become layers of the source's own pixels, and a report on how good they are.
