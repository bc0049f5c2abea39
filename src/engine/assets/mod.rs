//! Loading what a page refers to, as a browser does: several at once, each URL once, what they refer to in turn as well.
//!
//! [`book`] keeps what is known of each URL; [`load`] sends the requests; [`request`] makes them; [`answer`] reads what came;
//! [`judge`] says what is wrong with it; [`explain`] says so in the scenario's terms, and [`record`] in the report's. What references there are, and whether
//! an answer is what it claims to be, is for the crate `assets`.

mod answer;
mod book;
mod explain;
mod judge;
mod load;
mod record;
mod request;
mod rules;

pub use book::{Book, Loaded};
pub use explain::{found, pending, problems, summary};
pub use judge::{Judged, judge};
pub use load::load;
pub use record::{hops, record};
pub use rules::Rules;
