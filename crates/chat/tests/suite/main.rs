//! The chat as its visitors meet it: behind the edge in both modes, with the forge's double to sign in at; and directly.

mod browser;
mod world;

mod gate;
mod history;
mod life;
mod limits;
mod sign_in;
