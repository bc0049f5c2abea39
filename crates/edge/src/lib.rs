//! The in-process edge.
