//! The program `edge-smoke`.

fn main() {}
