//! Reads and writes OpenRaster: a zip of PNGs and a stack.xml.
