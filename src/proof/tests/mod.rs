//! The proof on scripts, and on stacks with real faults.
