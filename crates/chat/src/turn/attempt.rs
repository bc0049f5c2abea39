//! The command run once.

use std::process::ExitStatus;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::command::Invocation;
use super::lines::{Lines, Next};
use super::process::Process;
use super::settings::Settings;
use super::stream_json::{self, Line};
use super::{Happening, TurnError};

/// The longest line that is read: one holds a whole message, or the content of a file.
const LONGEST_LINE: usize = 8 * 1024 * 1024;

/// Why a turn is ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Somebody cancelled it.
    Cancelled,
    /// Nobody listens any more.
    Unheard,
    /// Its time is up.
    TimedOut,
}

/// Tells what happens, to who started the turn.
#[derive(Debug)]
pub(super) struct Teller {
    pub(super) sender: mpsc::Sender<Happening>,
    pub(super) cancel: CancellationToken,
    pub(super) deadline: Option<Instant>,
}

impl Teller {
    /// Tells it, and waits for as long as who listens is behind.
    pub(super) async fn tell(&self, happening: Happening) -> Result<(), Stop> {
        tokio::select! {
            biased;
            stop = self.stopped() => Err(stop),
            told = self.sender.send(happening) => told.map_err(|_| Stop::Unheard),
        }
    }

    /// Waits for a reason to stop.
    pub(super) async fn stopped(&self) -> Stop {
        let time_is_up = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.cancel.cancelled() => Stop::Cancelled,
            () = self.sender.closed() => Stop::Unheard,
            () = time_is_up => Stop::TimedOut,
        }
    }
}

/// How a run of the command ended.
#[derive(Debug)]
pub(super) struct Ending {
    /// The answer, as far as it came.
    pub(super) answer: Answer,
    /// Whether the command ever said that it is ready.
    pub(super) was_ready: bool,
    /// Lines that were passed over.
    pub(super) unknown: u64,
    /// Why it ended.
    pub(super) why: Why,
}

/// Why a run of the command ended.
#[derive(Debug)]
pub(super) enum Why {
    /// By itself: with this status, and this last line of standard error.
    Itself(Option<ExitStatus>, String),
    /// From outside.
    Stopped(Stop),
    /// It printed too much, or its answer is too long.
    TooMuch,
}

/// Runs the command, and tells what it says. `first` is told once it is ready, before its session.
pub(super) async fn run(
    settings: &Settings,
    invocation: &Invocation,
    prompt: String,
    first: Option<Happening>,
    teller: &Teller,
) -> Result<Ending, TurnError> {
    let (process, stdout) = Process::start(invocation, prompt)
        .map_err(|error| TurnError::NotStarted(format!("{}: {error}", invocation.program.display())))?;
    let mut lines = Lines::new(stdout, LONGEST_LINE, settings.most);
    let mut ending =
        Ending { answer: Answer::default(), was_ready: false, unknown: 0, why: Why::Itself(None, String::new()) };
    let stopped = listen(&mut lines, settings, first, teller, &mut ending).await;
    ending.why = match stopped {
        Ok(()) => {
            // Nothing more is read: what it still prints must not keep it from ending.
            drop(lines);
            let (status, said) = process.end(settings.grace).await;
            Why::Itself(status, said)
        }
        Err(why) => {
            drop(lines);
            process.stop(settings.grace).await;
            why
        }
    };
    Ok(ending)
}

async fn listen<R: tokio::io::AsyncBufRead + Unpin>(
    lines: &mut Lines<R>,
    settings: &Settings,
    mut first: Option<Happening>,
    teller: &Teller,
    ending: &mut Ending,
) -> Result<(), Why> {
    // Made once: a command may print millions of lines.
    let stopped = teller.stopped();
    tokio::pin!(stopped);
    while ending.answer.outcome().is_none() {
        let next = tokio::select! {
            biased;
            stop = &mut stopped => return Err(Why::Stopped(stop)),
            next = lines.next() => next,
        };
        let line = match next {
            Next::Line(line) => stream_json::read(&line),
            Next::TooLong => Line::Unknown,
            Next::TooMuch => return Err(Why::TooMuch),
            Next::End => return Ok(()),
        };
        if line == Line::Unknown {
            ending.unknown += 1;
        }
        if let Line::Ready { session } = line {
            let session = session.filter(|_| !ending.was_ready).map(Happening::Session);
            ending.was_ready = true;
            for happening in first.take().into_iter().chain(session) {
                teller.tell(happening).await.map_err(Why::Stopped)?;
            }
            continue;
        }
        let shown = ending.answer.take(line);
        if ending.answer.len() > settings.longest_answer {
            return Err(Why::TooMuch);
        }
        if let Some(text) = shown {
            teller.tell(Happening::Token(text)).await.map_err(Why::Stopped)?;
        }
    }
    Ok(())
}
