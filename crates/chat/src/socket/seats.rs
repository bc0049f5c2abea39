//! How many sockets are open, in all and of each person. Each costs memory and a file, whoever is at its other end.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::Bounds;
use crate::answer;

/// The seats for sockets. Clones share them.
#[derive(Debug, Clone)]
pub struct Seats {
    bounds: Bounds,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// Nobody is listed who has none.
    by_person: HashMap<String, usize>,
}

/// Why no socket is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    whose: Whose,
    /// After how many seconds those are noticed that nobody is at the other end of any more.
    retry_after: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Person,
    Service,
}

/// One socket's seat. Dropping it makes room for another.
#[derive(Debug)]
pub struct Seat {
    seats: Seats,
    person: String,
}

impl Seats {
    /// Within [`Bounds::sockets`] and [`Bounds::sockets_of_one`].
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, taken: Arc::default() }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a seat for a socket of this person's.
    ///
    /// # Errors
    /// There is none.
    pub fn take(&self, user: &str) -> Result<Seat, Full> {
        let person = user.to_ascii_lowercase();
        let mut taken = self.taken();
        self.room(&taken, &person)?;
        taken.all += 1;
        *taken.by_person.entry(person.clone()).or_default() += 1;
        Ok(Seat { seats: self.clone(), person })
    }

    /// Why this person would get none now.
    pub fn full(&self, user: &str) -> Option<Full> {
        self.room(&self.taken(), &user.to_ascii_lowercase()).err()
    }

    fn room(&self, taken: &Taken, person: &str) -> Result<(), Full> {
        let retry_after = self.bounds.silence.as_secs().max(1);
        // The person's own first: that is what they can do something about.
        if taken.by_person.get(person).is_some_and(|count| *count >= self.bounds.sockets_of_one) {
            return Err(Full { whose: Whose::Person, retry_after });
        }
        if taken.all >= self.bounds.sockets {
            return Err(Full { whose: Whose::Service, retry_after });
        }
        Ok(())
    }

    /// How many are taken.
    pub fn len(&self) -> usize {
        self.taken().all
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        taken.all -= 1;
        if let Some(count) = taken.by_person.get_mut(&self.person) {
            *count -= 1;
            if *count == 0 {
                taken.by_person.remove(&self.person);
            }
        }
    }
}

impl fmt::Display for Full {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.whose {
            Whose::Person => "you have this chat open in too many windows; close some of them",
            Whose::Service => "too many windows are connected to this chat at the moment; try again soon",
        })
    }
}

impl IntoResponse for Full {
    /// 429 with `Retry-After` where it is the person's doing, 503 where it isn't (RFC 6585, section 4; RFC 9110, section 15.6.4).
    fn into_response(self) -> Response {
        let (status, code) = match self.whose {
            Whose::Person => (StatusCode::TOO_MANY_REQUESTS, "too_many_sockets"),
            Whose::Service => (StatusCode::SERVICE_UNAVAILABLE, "too_many_sockets"),
        };
        let mut answer = answer::error(status, code, &self.to_string());
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(self.retry_after));
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_again_once_somebody_leaves() {
        let seats = Seats::new(Bounds { sockets: 3, sockets_of_one: 2, ..Bounds::default() });
        let whose = |user: &str| seats.take(user).map_err(|full| full.whose).map(drop);
        let first = seats.take("smoke").unwrap();
        let _second = seats.take("Smoke").unwrap();
        assert_eq!(whose("SMOKE"), Err(Whose::Person), "names that differ by case alone are one");
        let other = seats.take("other").unwrap();
        assert_eq!((whose("other"), whose("smoke")), (Err(Whose::Service), Err(Whose::Person)));
        assert!(seats.full("third").is_some());
        drop(first);
        assert!(seats.full("third").is_none());
        assert_eq!((whose("smoke"), seats.len()), (Ok(()), 2));
        drop(other);
        assert!(!seats.taken().by_person.contains_key("other"), "nobody is remembered who is gone");
    }
}
