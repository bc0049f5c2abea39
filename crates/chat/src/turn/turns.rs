//! Turns, from their orders to their ends.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::attempt::{self, Ending, Stop, Teller, Why};
use super::scratch::Scratch;
use super::session_lock::SessionLock;
use super::waiting::Waiting;
use super::{Happening, Order, Settings, TurnError, Usage, anew, command};

/// How many happenings may wait for who listens before the command has to.
const BEHIND: usize = 64;

/// Runs turns, no more at once than fit. Clones share the line.
#[derive(Debug, Clone)]
pub struct Turns {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
    waiting: Waiting,
    /// Conversations that have a turn under way.
    busy: Mutex<HashSet<Uuid>>,
}

/// A turn under way.
#[derive(Debug)]
pub struct Turn {
    /// What happens, in order. Dropping it ends the turn, as nobody would hear of it.
    pub happenings: mpsc::Receiver<Happening>,
    /// Cancelling it ends the turn, and with it the command.
    pub cancel: CancellationToken,
}

impl Turns {
    /// A line with nobody in it.
    pub fn new(settings: Settings) -> Self {
        // Who signed in by OAuth is one user of the identity at a time (`session.lock`).
        let slots = if settings.identity.is_shared() { 1 } else { settings.slots };
        let waiting = Waiting::new(slots, settings.longest_line);
        Self { shared: Arc::new(Shared { settings, waiting, busy: Mutex::default() }) }
    }

    /// Starts a turn, or lets it wait.
    pub fn start(&self, order: Order) -> Turn {
        let (sender, happenings) = mpsc::channel(BEHIND);
        let cancel = CancellationToken::new();
        let teller = Teller { sender, cancel: cancel.clone(), deadline: None };
        tokio::spawn(run(self.shared.clone(), order, teller));
        Turn { happenings, cancel }
    }

    /// Whether a turn could be run, for a readiness check.
    ///
    /// # Errors
    /// The command isn't there, or the workspace.
    pub fn check(&self) -> Result<(), TurnError> {
        let settings = &self.shared.settings;
        invocation(settings, None, &settings.temporary).map(drop)
    }
}

/// A conversation's only turn. Dropping it lets the next one in.
struct Only(Arc<Shared>, Uuid);

impl Only {
    fn claim(shared: &Arc<Shared>, conversation: Uuid) -> Option<Self> {
        let mut busy = shared.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.insert(conversation).then(|| Self(shared.clone(), conversation))
    }
}

impl Drop for Only {
    fn drop(&mut self) {
        self.0.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

async fn run(shared: Arc<Shared>, order: Order, teller: Teller) {
    let began = Instant::now();
    let (user, conversation) = (order.user.clone(), order.conversation);
    let sender = teller.sender.clone();
    let (used, end) = turn(&shared, order, teller).await;
    let outcome = match &end {
        Happening::Failed(error) => error.code(),
        Happening::Cancelled => "cancelled",
        _ => "finished",
    };
    let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(user, %conversation, outcome, milliseconds, "turn");
    // Also where it was stopped: who cancels pays for what came.
    let used = used.filter(|used| !used.is_none()).map(Happening::Used);
    for happening in used.into_iter().chain([end]) {
        // Where nobody listens nobody wants to know.
        let _ = sender.send(happening).await;
    }
}

/// The whole of a turn but its end, which it gives, with what it cost where the end doesn't say. Nothing of it is left then: the next may begin.
async fn turn(shared: &Arc<Shared>, order: Order, mut teller: Teller) -> (Option<Usage>, Happening) {
    let Some(_only) = Only::claim(shared, order.conversation) else {
        return (None, Happening::Failed(TurnError::ConversationBusy));
    };
    let Some(mut place) = shared.waiting.join() else { return (None, Happening::Failed(TurnError::Busy)) };
    loop {
        let now = place.now();
        if now == 0 {
            break;
        }
        if teller.tell(Happening::Queued { place: now }).await.is_err() {
            return (None, Happening::Cancelled);
        }
        tokio::select! {
            _ = teller.stopped() => return (None, Happening::Cancelled),
            () = place.changed() => {}
        }
    }
    teller.deadline = Some(Instant::now() + shared.settings.time);
    match work(&shared.settings, &order, &teller).await {
        Ok(ending) => conclude(&shared.settings, ending),
        Err(Trouble::Failed(error)) => (None, Happening::Failed(error)),
        Err(Trouble::Stopped(stop)) => (None, stopped(&shared.settings, stop)),
    }
}

/// Why there is no ending.
enum Trouble {
    Failed(TurnError),
    Stopped(Stop),
}

/// Runs the command, and once more where the session that it should go on with is gone.
async fn work(settings: &Settings, order: &Order, teller: &Teller) -> Result<Ending, Trouble> {
    teller.tell(Happening::Started).await.map_err(Trouble::Stopped)?;
    let not_started = |error: std::io::Error| Trouble::Failed(TurnError::NotStarted(error.to_string()));
    settings.identity.make_folders().map_err(not_started)?;
    let _lock = match settings.identity.is_shared() {
        false => None,
        true => tokio::select! {
            stop = teller.stopped() => return Err(Trouble::Stopped(stop)),
            lock = SessionLock::acquire(settings.identity.config_dir()) => Some(lock.map_err(not_started)?),
        },
    };
    let scratch = Scratch::new(&settings.temporary).map_err(not_started)?;
    if let Some(session) = order.resume {
        let invocation = invocation(settings, Some(session), scratch.path()).map_err(Trouble::Failed)?;
        let run = attempt::run(settings, &invocation, order.prompt.clone(), None, teller).await;
        let ending = run.map_err(Trouble::Failed)?;
        // It never came as far as being ready. Most often its session is gone, and without one it gets further.
        if ending.was_ready || !matches!(ending.why, Why::Itself(..)) || !failed(&ending) {
            return Ok(ending);
        }
        tracing::warn!(conversation = %order.conversation, "the session is lost; the turn begins a new one");
    }
    let invocation = invocation(settings, None, scratch.path()).map_err(Trouble::Failed)?;
    let prompt = anew::prompt(&order.earlier, &order.prompt);
    let lost = order.resume.map(|_| Happening::SessionLost);
    attempt::run(settings, &invocation, prompt, lost, teller).await.map_err(Trouble::Failed)
}

fn failed(ending: &Ending) -> bool {
    ending.answer.outcome().is_none_or(|outcome| outcome.is_error)
}

fn invocation(settings: &Settings, resume: Option<Uuid>, scratch: &Path) -> Result<command::Invocation, TurnError> {
    if !settings.workspace.is_dir() {
        let message = format!("the workspace {} is no folder (CHAT_WORKSPACE_DIR)", settings.workspace.display());
        return Err(TurnError::NotStarted(message));
    }
    command::invocation(settings, resume, scratch).map_err(TurnError::NotStarted)
}

/// What an ending means.
fn conclude(settings: &Settings, ending: Ending) -> (Option<Usage>, Happening) {
    let used = ending.answer.used();
    if ending.unknown > 0 {
        tracing::debug!(lines = ending.unknown, "lines of the command's were passed over");
    }
    let end = match (ending.answer.outcome(), ending.why) {
        (_, Why::Stopped(stop)) => stopped(settings, stop),
        (_, Why::TooMuch) => Happening::Failed(TurnError::TooMuch { megabytes: settings.most / (1024 * 1024) }),
        (Some(outcome), _) if outcome.is_error => {
            Happening::Failed(TurnError::Refused(settings.identity.without_key(&outcome.text)))
        }
        (Some(_), _) => return (None, Happening::Finished { text: ending.answer.into_text(), usage: used }),
        (None, Why::Itself(status, said)) => {
            let status = status.map_or_else(|| "no status".to_owned(), |status| status.to_string());
            Happening::Failed(TurnError::Ended { status, said: settings.identity.without_key(&said) })
        }
    };
    (Some(used), end)
}

fn stopped(settings: &Settings, stop: Stop) -> Happening {
    match stop {
        Stop::Cancelled | Stop::Unheard => Happening::Cancelled,
        Stop::TimedOut => Happening::Failed(TurnError::TimedOut { seconds: settings.time.as_secs() }),
    }
}
