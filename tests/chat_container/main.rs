//! The chat in its container, alone and in the containers stack, as `fixtures/compose.yml` has it, with the real command and a model that says what it is told to.
//!
//! Without an engine, or without the images (`edge-smoke images build chat double`), the tests are skipped, unless `EDGE_SMOKE_REQUIRE` names `chat-container`.

#[cfg(test)]
#[path = "../../crates/chat/tests/suite/chromium.rs"]
#[expect(dead_code, reason = "the page's own tests look at more")]
mod chromium;
#[cfg(test)]
mod compose;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod journey;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
#[path = "../../crates/chat/tests/suite/skipping.rs"]
mod skipping;
#[cfg(test)]
mod stood;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
