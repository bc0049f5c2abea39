//! One client's connection.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_util::task::AbortOnDropHandle;

use super::flood::{Budget, Fate};
use super::incoming::{Incoming, LONGEST_FRAME};
use super::turns::{self, Occupied, Turn};
use crate::chat::defect::Defect;
use crate::chat::gate::{self, Visitor};
use crate::chat::{State, clock};
use crate::random;

/// The close code of a session that is over (RFC 6455, section 7.4.2: an application's own).
const SESSION_OVER: u16 = 4401;
/// How often a client is asked whether it is there, and how long it may be silent.
const PING: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(50);
/// How long a client may take for one frame, and to agree to a close.
const WRITE: Duration = Duration::from_secs(20);
const CLOSING: Duration = Duration::from_secs(2);
/// How many answers one connection follows.
const FOLLOWED: usize = 8;

struct Connection {
    state: Arc<State>,
    visitor: Visitor,
    socket: WebSocketStream<TokioIo<Upgraded>>,
    /// Who hand on what is said, by conversation.
    followed: HashMap<String, AbortOnDropHandle<()>>,
    frames: mpsc::Sender<String>,
    budget: Budget,
}

/// Why a connection ends.
enum Close {
    Gone,
    With(u16, &'static str),
}

pub(super) async fn serve(state: Arc<State>, visitor: Visitor, upgraded: Upgraded) {
    let config = WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_message_size(Some(LONGEST_FRAME))
        .max_frame_size(Some(LONGEST_FRAME));
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    let (frames, said) = mpsc::channel(16);
    let budget = Budget::new(Instant::now());
    let mut connection = Connection { state, visitor, socket, followed: HashMap::new(), frames, budget };
    if let Err(Close::With(code, reason)) = connection.run(said).await {
        // Who doesn't agree is left all the same.
        let _ = timeout(CLOSING, connection.close(code, reason)).await;
    }
}

impl Connection {
    async fn run(&mut self, mut said: mpsc::Receiver<String>) -> Result<(), Close> {
        let mut pings = interval(PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut heard, closing) = (Instant::now(), self.state.closing.clone());
        loop {
            let left = self.visitor.expires.saturating_sub(clock::now()).min(60);
            tokio::select! {
                message = self.socket.next() => {
                    heard = Instant::now();
                    self.take(message).await?;
                }
                Some(frame) = said.recv() => self.send(Message::text(frame)).await?,
                () = sleep(Duration::from_secs(left)), if !self.state.has(Defect::SocketOutlivesSession) => {
                    if self.visitor.expires <= clock::now() {
                        return self.session_over().await;
                    }
                }
                _ = pings.tick() => {
                    if heard.elapsed() > SILENCE {
                        return Err(Close::Gone);
                    }
                    if !self.is_signed_in() {
                        return self.session_over().await;
                    }
                    self.send(Message::Ping(Bytes::new())).await?;
                }
                () = closing.cancelled() => return Err(Close::With(CloseCode::Away.into(), "the service ends")),
            }
        }
    }

    /// A sign-out anywhere ends the session.
    fn is_signed_in(&self) -> bool {
        self.state.has(Defect::SocketOutlivesSession)
            || self.visitor.token.is_empty()
            || gate::session(&self.state, &self.visitor.token).is_some_and(|it| self.state.allows(&it.user))
    }

    async fn session_over(&mut self) -> Result<(), Close> {
        self.say(json!({ "type": "session_expired" }), None).await?;
        Err(Close::With(SESSION_OVER, "the session is over"))
    }

    async fn take(&mut self, message: Option<Result<Message, Error>>) -> Result<(), Close> {
        let text = match message {
            Some(Ok(Message::Text(text))) => Some(text),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => None,
            // The answer to it goes out with the next read, which finds the end.
            Some(Ok(Message::Close(_))) => return Ok(()),
            Some(Ok(Message::Binary(_))) => return Err(Close::With(1003, "text frames alone")),
            Some(Err(Error::Capacity(_))) => return Err(Close::With(1009, "the message is too long")),
            Some(Err(Error::Utf8(_))) => return Err(Close::With(1007, "not UTF-8")),
            Some(Err(Error::Protocol(_))) => return Err(Close::With(1002, "not as RFC 6455 has it")),
            Some(Ok(Message::Frame(_)) | Err(_)) | None => return Err(Close::Gone),
        };
        match (self.budget.take(Instant::now()), text) {
            (Fate::Read, Some(text)) => self.answer(&text).await,
            (Fate::Read, None) => Ok(()),
            (Fate::Refused, _) => {
                let message = "messages come too fast; this one was not read";
                self.say(json!({ "type": "error", "code": "too_fast", "message": message, "retry_after": 1 }), None)
                    .await
            }
            (Fate::Closed, _) => Err(Close::With(1008, "messages come too fast")),
        }
    }

    async fn answer(&mut self, text: &str) -> Result<(), Close> {
        match Incoming::read(text) {
            Err(unclear) => self.refuse(unclear.code, &unclear.message, unclear.conversation.as_deref()).await,
            Ok(Incoming::Ping) => self.say(json!({ "type": "pong" }), None).await,
            Ok(Incoming::Cancel { conversation }) => match self.turn(&conversation).filter(|turn| !turn.has_ended()) {
                Some(turn) => {
                    turn.cancel.cancel();
                    Ok(())
                }
                None => self.nothing_there(&conversation).await,
            },
            Ok(Incoming::Resume { conversation, turn, after }) => {
                // Who saw nothing of an answer that is over finds it in the history.
                let found =
                    self.turn(&conversation).filter(|it| turn.as_ref().map_or(!it.has_ended(), |id| *id == it.id));
                match found {
                    Some(it) => self.follow(&it, if turn.is_some() { after } else { 0 }).await,
                    None => self.nothing_there(&conversation).await,
                }
            }
            Ok(Incoming::Ask { message, conversation }) => self.ask(message, conversation).await,
        }
    }

    async fn ask(&mut self, message: String, conversation: Option<String>) -> Result<(), Close> {
        if !self.is_signed_in() {
            return self.session_over().await;
        }
        let Ok(conversation) = conversation.map_or_else(random::uuid, Ok) else { return Err(Close::Gone) };
        let user = self.visitor.user.clone();
        let turn = match self.state.turns.begin(&user, &conversation) {
            Ok(turn) => turn,
            Err(occupied) => {
                let why = match occupied {
                    Occupied::Conversation => "the answer to the question before is still under way".to_owned(),
                    Occupied::Person => "too many of your questions are still under way".to_owned(),
                    Occupied::Random(why) => why,
                };
                return self.refuse("busy", &why, Some(&conversation)).await;
            }
        };
        if !self.state.has(Defect::LimitsNotOnSocket)
            && let Err(refusal) = self.state.counters.admit(&self.state.settings.limits, &user, clock::now())
        {
            self.state.turns.forget(&user, &turn);
            let told = json!({
                "type": "error", "code": "rate_limited", "message": refusal.message, "retry_after": refusal.retry_after,
            });
            return self.say(told, Some(&conversation)).await;
        }
        let following = self.follow(&turn, 0).await;
        tokio::spawn(turns::run(self.state.clone(), user, turn, message));
        following
    }

    fn turn(&self, conversation: &str) -> Option<Arc<Turn>> {
        self.state.turns.find(&self.visitor.user, conversation)
    }

    async fn follow(&mut self, turn: &Arc<Turn>, after: u64) -> Result<(), Close> {
        self.followed.retain(|conversation, task| *conversation != turn.conversation && !task.is_finished());
        if self.followed.len() >= FOLLOWED {
            return self.refuse("busy", "this connection follows too many turns", Some(&turn.conversation)).await;
        }
        let task = tokio::spawn(turn.clone().follow(after, self.frames.clone()));
        self.followed.insert(turn.conversation.clone(), AbortOnDropHandle::new(task));
        Ok(())
    }

    async fn nothing_there(&mut self, conversation: &str) -> Result<(), Close> {
        self.refuse("not_running", "no answer is under way in this conversation", Some(conversation)).await
    }

    async fn refuse(&mut self, code: &str, message: &str, conversation: Option<&str>) -> Result<(), Close> {
        self.say(json!({ "type": "error", "code": code, "message": message }), conversation).await
    }

    async fn say(&mut self, mut message: Value, conversation: Option<&str>) -> Result<(), Close> {
        if let Some(conversation) = conversation {
            message["conversation_id"] = conversation.into();
        }
        self.send(Message::text(message.to_string())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Close> {
        match timeout(WRITE, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Close::Gone),
        }
    }

    async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        if self.socket.close(Some(frame)).await.is_ok() {
            while let Some(Ok(_)) = self.socket.next().await {}
        }
    }
}
