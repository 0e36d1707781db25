//! Opens and saves documents of any format, whole or not at all.
