//! Reads and writes layered Photoshop documents, PSD and PSB.
