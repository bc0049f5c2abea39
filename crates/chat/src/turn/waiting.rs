//! Who is next.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// A line of those who run, in front, and those who wait. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// How many may run at once.
    slots: usize,
    /// How many may wait.
    longest: usize,
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    next: u64,
    entries: VecDeque<(u64, watch::Sender<usize>)>,
}

/// A place in the line, given up when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    place: watch::Receiver<usize>,
    inner: Arc<Inner>,
}

impl Waiting {
    /// An empty line.
    pub(super) fn new(slots: usize, longest: usize) -> Self {
        Self { inner: Arc::new(Inner { slots, longest, line: Mutex::default() }) }
    }

    /// Joins the line at its end, unless it is as long as it may be.
    pub(super) fn join(&self) -> Option<Place> {
        let mut line = self.inner.lock();
        let length = line.entries.len();
        if length >= self.inner.slots + self.inner.longest {
            return None;
        }
        let number = line.next;
        line.next += 1;
        let (sender, place) = watch::channel(self.inner.place(length));
        line.entries.push_back((number, sender));
        Some(Place { number, place, inner: self.inner.clone() })
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many go before the one at this index may run; none where it is 0.
    fn place(&self, index: usize) -> usize {
        (index + 1).saturating_sub(self.slots)
    }
}

impl Place {
    /// The place: 0 for those who may run, 1 for the next.
    pub(super) fn now(&mut self) -> usize {
        *self.place.borrow_and_update()
    }

    /// Waits until it is another.
    pub(super) async fn changed(&mut self) {
        // The sender is in the line for as long as this place is.
        let _ = self.place.changed().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut line = self.inner.lock();
        line.entries.retain(|(number, _)| *number != self.number);
        for (index, (_, sender)) in line.entries.iter().enumerate() {
            let place = self.inner.place(index);
            sender.send_if_modified(|current| std::mem::replace(current, place) != place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(line: &mut [Place]) -> Vec<usize> {
        line.iter_mut().map(Place::now).collect()
    }

    #[test]
    fn those_behind_move_up_and_the_line_has_an_end() {
        let waiting = Waiting::new(2, 3);
        let mut line: Vec<Place> = (0..5).map(|_| waiting.join().unwrap()).collect();
        assert_eq!(places(&mut line), [0, 0, 1, 2, 3]);
        assert!(waiting.join().is_none());
        // One who waits gives up.
        drop(line.remove(3));
        assert_eq!(places(&mut line), [0, 0, 1, 2]);
        // One who runs is done.
        drop(line.remove(0));
        assert_eq!(places(&mut line), [0, 0, 1]);
        line.push(waiting.join().unwrap());
        assert_eq!(places(&mut line), [0, 0, 1, 2]);
        line.clear();
        assert_eq!(waiting.join().unwrap().now(), 0);
    }

    #[tokio::test]
    async fn who_waits_is_told() {
        let waiting = Waiting::new(1, 1);
        let first = waiting.join().unwrap();
        let mut second = waiting.join().unwrap();
        assert_eq!(second.now(), 1);
        let moved = tokio::spawn(async move {
            second.changed().await;
            second.now()
        });
        drop(first);
        assert_eq!(moved.await.unwrap(), 0);
    }
}
