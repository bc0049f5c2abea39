//! One client's connection, from the handshake to the close.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::select_all;
use futures_util::{FutureExt, SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::{MissedTickBehavior, interval_at, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, Utf8Bytes};
use uuid::Uuid;

use super::drive;
use super::flood::{Admission, Bucket};
use super::hub::Occupied;
use super::incoming::{Incoming, LONGEST_FRAME};
use super::live::{Follower, Live};
use super::outgoing::{Outgoing, frame};
use crate::AppState;
use crate::limits::{Reason, Refusal};
use crate::session::Visitor;

/// How many turns one connection follows at once.
const MOST_FOLLOWED: usize = 8;

/// How long a client may take to agree to a close.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// The close code of a session that is over; 4000 to 4999 are an application's own (RFC 6455, section 7.4.2).
pub const SESSION_OVER: u16 = 4401;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

struct Connection {
    state: AppState,
    visitor: Visitor,
    socket: Socket,
    followed: Vec<Follower>,
    bucket: Bucket,
}

/// Why a connection ends.
enum Close {
    /// The client is gone, or says nothing any more.
    Gone,
    /// The client closes, and is owed an answer (RFC 6455, section 5.5.1).
    Asked,
    With(CloseCode, &'static str),
}

type Going = Result<(), Close>;

/// Serves a client until one of both closes.
pub(super) async fn serve(state: AppState, visitor: Visitor, upgraded: Upgraded) {
    // Small buffers: most connections are idle most of the time, and frames are small.
    let config = WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(64 * 1024 * 1024)
        .max_message_size(Some(LONGEST_FRAME))
        .max_frame_size(Some(LONGEST_FRAME));
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    let bucket = Bucket::new(Instant::now());
    let mut connection = Connection { state, visitor, socket, followed: Vec::new(), bucket };
    match connection.run().await {
        Err(Close::With(code, reason)) => connection.close(code, reason).await,
        Err(Close::Asked) => connection.agree().await,
        Err(Close::Gone) | Ok(()) => {}
    }
}

impl Connection {
    async fn run(&mut self) -> Going {
        let bounds = self.state.hub.bounds;
        let mut pings = interval_at(tokio::time::Instant::now() + bounds.ping, bounds.ping);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        let closing = self.state.closing.clone();
        let mut told = false;
        loop {
            if told && self.followed.is_empty() {
                return Err(Close::With(CloseCode::Away, "the service ends"));
            }
            let left = self.visitor.expires.duration_since(SystemTime::now()).unwrap_or_default();
            tokio::select! {
                message = self.socket.next() => {
                    heard = Instant::now();
                    self.take(message).await?;
                }
                (said, which) = next_of(&mut self.followed) => match said {
                    Some(said) => self.send(Message::Text(said)).await?,
                    None => drop(self.followed.swap_remove(which)),
                },
                // The wall clock may be set while this waits: asked anew, and not seldom.
                () = sleep(left.min(Duration::from_secs(60))) => {
                    if SystemTime::now() >= self.visitor.expires {
                        return self.session_over().await;
                    }
                }
                _ = pings.tick() => {
                    if heard.elapsed() > bounds.silence {
                        return Err(Close::Gone);
                    }
                    if !self.is_signed_in().await {
                        return self.session_over().await;
                    }
                    self.send(Message::Ping(Bytes::new())).await?;
                }
                () = closing.cancelled(), if !told => {
                    told = true;
                    self.say(Outgoing::error("shutting_down", "the service ends; turns under way may finish"), None).await?;
                }
            }
        }
    }

    /// Whether the session is there still: a sign-out anywhere ends it.
    async fn is_signed_in(&mut self) -> bool {
        match self.state.store.session(self.visitor.session.clone(), SystemTime::now()).await {
            Ok(session) => session.is_some_and(|session| self.state.config.allows(&session.user)),
            Err(error) => {
                // It was there a moment ago, and its end is known without the database.
                tracing::warn!(%error, "a session can't be looked up");
                true
            }
        }
    }

    async fn session_over(&mut self) -> Going {
        self.say(Outgoing::SessionExpired, None).await?;
        Err(Close::With(CloseCode::from(SESSION_OVER), "the session is over"))
    }

    async fn take(&mut self, message: Option<Result<Message, Error>>) -> Going {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Binary(_))) => return Err(Close::With(CloseCode::Unsupported, "text frames alone")),
            // Answered by the library; a flood of them is a flood.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return self.admit().await.map(drop),
            Some(Ok(Message::Close(_))) => return Err(Close::Asked),
            Some(Ok(Message::Frame(_))) | None => return Err(Close::Gone),
            Some(Err(Error::Capacity(_))) => return Err(Close::With(CloseCode::Size, "the message is too long")),
            Some(Err(Error::Utf8(_))) => return Err(Close::With(CloseCode::Invalid, "not UTF-8")),
            Some(Err(Error::Protocol(_))) => return Err(Close::With(CloseCode::Protocol, "not as RFC 6455 has it")),
            Some(Err(_)) => return Err(Close::Gone),
        };
        if self.admit().await? { self.answer(&text).await } else { Ok(()) }
    }

    /// Whether a message is read at all.
    async fn admit(&mut self) -> Result<bool, Close> {
        match self.bucket.admit(Instant::now()) {
            Admission::Read => Ok(true),
            Admission::Refuse => {
                let message = "messages come too fast; this one was not read";
                let refusal = Outgoing::Error { code: "too_fast", message: message.to_owned(), retry_after: Some(1) };
                self.say(refusal, None).await.map(|()| false)
            }
            Admission::Close => Err(Close::With(CloseCode::Policy, "messages come too fast")),
        }
    }

    async fn answer(&mut self, text: &str) -> Going {
        match Incoming::read(text) {
            Err(wrong) => self.say(Outgoing::error(wrong.code, wrong.message), wrong.conversation).await,
            Ok(Incoming::Ping) => self.say(Outgoing::Pong, None).await,
            Ok(Incoming::Cancel { conversation }) => {
                match self.state.hub.find(&self.visitor.user, conversation).filter(|live| !live.has_ended()) {
                    Some(live) => {
                        live.cancel.cancel();
                        Ok(())
                    }
                    None => self.nothing_there(conversation).await,
                }
            }
            Ok(Incoming::Resume { conversation, turn, after }) => self.resume(conversation, turn, after).await,
            Ok(Incoming::ChatRequest { message, conversation }) => {
                self.ask(message, conversation.unwrap_or_else(Uuid::new_v4)).await
            }
        }
    }

    async fn resume(&mut self, conversation: Uuid, turn: Option<Uuid>, after: u64) -> Going {
        let live = self.state.hub.find(&self.visitor.user, conversation).filter(|live| match turn {
            Some(turn) => live.turn == turn,
            // Who saw nothing of a turn that is over finds it in the history.
            None => !live.has_ended(),
        });
        match live {
            Some(live) => self.follow(&live, if turn.is_some() { after } else { 0 }).await,
            None => self.nothing_there(conversation).await,
        }
    }

    async fn ask(&mut self, message: String, conversation: Uuid) -> Going {
        let refuse = |code, message: &str| Outgoing::error(code, message);
        if self.state.closing.is_cancelled() {
            return self
                .say(refuse("shutting_down", "the service ends; ask again in a moment"), Some(conversation))
                .await;
        }
        if !self.is_signed_in().await {
            return self.session_over().await;
        }
        if self.followed.len() >= MOST_FOLLOWED {
            return self.say(refuse("busy", "this connection follows too many turns"), Some(conversation)).await;
        }
        let user = self.visitor.user.clone();
        let live = match self.state.hub.begin(&user, conversation) {
            Ok(live) => live,
            Err(Occupied::Conversation) => {
                let why = "the answer to the question before is still under way";
                return self.say(refuse("busy", why), Some(conversation)).await;
            }
            Err(Occupied::Person) => {
                let why = "too many of your questions are still under way";
                return self.say(refuse("busy", why), Some(conversation)).await;
            }
        };
        if let Err(refusal) = self.state.limits.admit(&user, SystemTime::now()).await {
            self.state.hub.forget(&user, &live);
            return self.say(limit(refusal), Some(conversation)).await;
        }
        let following = self.follow(&live, 0).await;
        self.state.tasks.spawn(drive::run(self.state.clone(), user, live, message));
        following
    }

    async fn follow(&mut self, live: &Arc<Live>, after: u64) -> Going {
        self.followed.retain(|follower| follower.live().conversation != live.conversation);
        if self.followed.len() >= MOST_FOLLOWED {
            let refusal = Outgoing::error("busy", "this connection follows too many turns");
            return self.say(refusal, Some(live.conversation)).await;
        }
        self.followed.push(live.follow(after));
        Ok(())
    }

    async fn nothing_there(&mut self, conversation: Uuid) -> Going {
        let refusal = Outgoing::error("not_running", "no answer is under way in this conversation");
        self.say(refusal, Some(conversation)).await
    }

    async fn say(&mut self, outgoing: Outgoing, conversation: Option<Uuid>) -> Going {
        self.send(Message::Text(frame(&outgoing, conversation, None))).await
    }

    /// Waits for a client that reads slowly, and gives one up that doesn't.
    async fn send(&mut self, message: Message) -> Going {
        match timeout(self.state.hub.bounds.write, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Close::Gone),
        }
    }

    /// The library has the answer ready, and sends it with whatever comes next.
    async fn agree(&mut self) {
        let rest = async { while let Some(Ok(_)) = self.socket.next().await {} };
        let _ = timeout(CLOSE_PATIENCE, rest).await;
    }

    async fn close(&mut self, code: CloseCode, reason: &'static str) {
        let agreed = async {
            let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
            if self.socket.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        // Who doesn't agree is left all the same.
        let _ = timeout(CLOSE_PATIENCE, agreed).await;
    }
}

/// What is said next in any of the turns, and in which.
async fn next_of(followed: &mut [Follower]) -> (Option<Utf8Bytes>, usize) {
    if followed.is_empty() {
        return pending().await;
    }
    let (said, which, _) = select_all(followed.iter_mut().map(|follower| follower.next().boxed())).await;
    (said, which)
}

fn limit(refusal: Refusal) -> Outgoing {
    let message = match refusal.reason {
        Reason::Hour => "you have asked as often as you may within an hour",
        Reason::Day => "you have asked as often as you may within a day",
        Reason::Tokens => "your questions have used as many tokens as they may within a day",
        Reason::Storage => "the counters can't be written just now",
    };
    let retry_after = refusal.retry_after.as_secs().saturating_add(u64::from(refusal.retry_after.subsec_nanos() > 0));
    Outgoing::Error { code: "rate_limited", message: message.to_owned(), retry_after: Some(retry_after.max(1)) }
}
