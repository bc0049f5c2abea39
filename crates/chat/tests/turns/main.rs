//! Turns with commands that stand in for the real one, and with the real one.

#[cfg(test)]
mod bad;
#[cfg(test)]
mod claude;
#[cfg(test)]
mod confined;
#[cfg(test)]
mod ground;
#[cfg(test)]
mod stand_in;
#[cfg(test)]
mod support;
