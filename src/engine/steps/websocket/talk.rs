//! The turns of a dialogue.

use std::time::{Duration, Instant};

use base64::Engine as _;
use scenario::duration::show;
use scenario::model::{Awaited, AwaitedKind, Closing, Frames, Message, Turn, TurnAction};
use scenario::predicate::{self, Found, MismatchKind};
use scenario::{Redactor, Secret, Span, Spanned};
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use verdict::evidence::{EndingKind, FailureKind, FrameKind};

use super::connection::{Connection, SEND_LIMIT};
use super::frames::{captured, look, mistaken};
use super::words::{describe, ended};
use crate::engine::problem::Problem;
use crate::engine::socket::{End, Frame, SocketLog};
use crate::engine::steps::Acting;
use crate::engine::steps::request::json;
use crate::engine::visitor::Kept;

/// The most that a control frame holds, in bytes (RFC 6455, section 5.5).
const CONTROL: usize = 125;

/// A dialogue under way.
pub(super) struct Talk<'a, 'b> {
    acting: &'a mut Acting<'b>,
    connection: Connection,
    redactor: Redactor,
}

/// What came of waiting for a frame.
enum Came {
    Frame(Frame),
    End(End),
    /// The turn's time is over.
    TooLate,
}

impl<'a, 'b> Talk<'a, 'b> {
    /// Before its first turn.
    pub(super) fn new(acting: &'a mut Acting<'b>, connection: Connection) -> Self {
        let redactor = Redactor::clone(&acting.desk.redactor());
        Self { acting, connection, redactor }
    }

    /// Takes all turns, and closes the WebSocket where none of them has.
    pub(super) async fn run(mut self, dialogue: &[Turn]) -> Result<(), Problem> {
        for turn in dialogue {
            log(self.acting).wait_for(Some(turn.span));
            match &turn.action {
                TurnAction::Send(message) => self.send(turn.span, message).await?,
                TurnAction::Hold(time) => self.hold(turn.span, time.value).await?,
                TurnAction::Await(awaited) => self.wait(turn.span, awaited).await?,
                TurnAction::Close(closing) => self.close(turn.span, closing).await?,
            }
        }
        log(self.acting).wait_for(None);
        self.leave().await;
        Ok(())
    }

    /// Leaves as a browser does when its user goes elsewhere: with a close frame, without waiting for the answer.
    async fn leave(&mut self) {
        if self.connection.ended().is_some() {
            return self.connection.flush().await;
        }
        let frame = CloseFrame { code: 1000.into(), reason: "".into() };
        let log = log(self.acting);
        // Where it can't be sent the server was faster.
        if self.connection.send(tungstenite::Message::Close(Some(frame)), log).await.is_ok() {
            log.end(End { how: EndingKind::ClosedByClient, at: log.age(), code: Some(1000), reason: String::new() });
        }
    }

    async fn send(&mut self, span: Span, message: &Message) -> Result<(), Problem> {
        let message = match message {
            Message::Text(text) => tungstenite::Message::text(self.acting.render(&text.value)?),
            Message::Json(template) => tungstenite::Message::text(json(&template.value, self.acting)?.to_string()),
            Message::Binary(content) => {
                let text = self.acting.render(&content.value)?;
                let bytes = base64::engine::general_purpose::STANDARD.decode(text).map_err(|error| {
                    let diagnostic = self.acting.diagnostic(content.span, "`binary` is not base64");
                    Problem::scenario(diagnostic.found(error.to_string()))
                })?;
                tungstenite::Message::binary(bytes)
            }
            Message::Ping(content) => {
                let text = self.bounded(content, CONTROL, "a ping")?;
                tungstenite::Message::Ping(text.into())
            }
        };
        if message.len() > SEND_LIMIT {
            let diagnostic = self.acting.diagnostic(span, format!("a message may have at most {SEND_LIMIT} bytes"));
            return Err(Problem::scenario(diagnostic.found(format!("{} bytes", message.len()))));
        }
        let sent = self.connection.send(message, log(self.acting)).await;
        sent.map_err(|end| self.ended(span, &end, "that it takes what is sent"))
    }

    /// The text of a control frame.
    fn bounded(
        &self,
        template: &Spanned<scenario::template::Template>,
        most: usize,
        what: &str,
    ) -> Result<String, Problem> {
        let text = self.acting.render(&template.value)?;
        if text.len() <= most {
            return Ok(text);
        }
        let message = format!("{what} holds no more than {most} bytes");
        Err(Problem::scenario(self.acting.diagnostic(template.span, message).found(format!("{} bytes", text.len()))))
    }

    async fn hold(&mut self, span: Span, time: Duration) -> Result<(), Problem> {
        let until_the_end = self.connection.until_the_end(log(self.acting));
        match tokio::time::timeout(time, until_the_end).await {
            Err(_) => Ok(()),
            Ok(end) => Err(self.ended(span, &end, &format!("that it stays open for {}", show(time)))),
        }
    }

    async fn close(&mut self, span: Span, closing: &Closing) -> Result<(), Problem> {
        let reason = match &closing.reason {
            Some(reason) => self.bounded(reason, CONTROL - 2, "the reason of a close frame")?,
            None => String::new(),
        };
        let frame = CloseFrame { code: closing.code.into(), reason: reason.clone().into() };
        let log = log(self.acting);
        let sent = self.connection.send(tungstenite::Message::Close(Some(frame)), log).await;
        if let Err(end) = sent {
            return Err(self.ended(span, &end, "that it is still open"));
        }
        // The step's own deadline ends this: a server must answer (RFC 6455, section 5.5.1).
        let next = self.connection.next(|kind| kind == FrameKind::Close, log).await;
        match next {
            Ok(frame) => {
                let at = frame.at;
                log.replace_end(End { how: EndingKind::ClosedByClient, at, code: Some(closing.code), reason });
                Ok(())
            }
            Err(end) => Err(self.ended(span, &end, "a close frame in answer to ours")),
        }
    }

    /// The problem of an end that this turn doesn't want.
    fn ended(&self, span: Span, end: &End, expected: &str) -> Problem {
        let words = ended(end);
        let diagnostic = self
            .acting
            .diagnostic(span, words.message)
            .label(self.so_far())
            .expected(expected)
            .found(words.found)
            .help(words.help);
        Problem { kind: words.kind, diagnostic }
    }

    /// `3 frames came before`
    fn so_far(&self) -> String {
        match self.acting.visitor.socket.as_ref().map_or(0, SocketLog::received) {
            0 => "no frame has come".to_owned(),
            1 => "1 frame has come".to_owned(),
            number => format!("{number} frames have come"),
        }
    }

    /// The next frame of a kind that the turn is about, if it comes in time.
    async fn next(&mut self, kind: AwaitedKind, deadline: Option<Instant>) -> Came {
        let wanted = |found: FrameKind| match found {
            FrameKind::Close => true,
            FrameKind::Text | FrameKind::Binary => kind != AwaitedKind::Pong,
            FrameKind::Pong => kind == AwaitedKind::Pong,
            FrameKind::Ping => false,
        };
        let next = self.connection.next(wanted, log(self.acting));
        let came = match deadline {
            None => next.await,
            Some(deadline) => match tokio::time::timeout_at(deadline.into(), next).await {
                Ok(came) => came,
                Err(_) => return Came::TooLate,
            },
        };
        match came {
            Ok(frame) if frame.kind == FrameKind::Close && kind != AwaitedKind::Close => {
                Came::End(self.connection.ended().cloned().unwrap_or(End {
                    how: EndingKind::ClosedByServer,
                    at: frame.at,
                    code: frame.code,
                    reason: String::new(),
                }))
            }
            Ok(frame) => Came::Frame(frame),
            Err(end) => Came::End(end),
        }
    }

    async fn wait(&mut self, span: Span, awaited: &Awaited) -> Result<(), Problem> {
        let deadline = awaited.within.as_ref().map(|within| Instant::now() + within.value);
        let mut taken = Taken::default();
        while !taken.is_complete(awaited) {
            let frame = match self.next(awaited.kind, deadline).await {
                Came::Frame(frame) => frame,
                Came::End(end) => return Err(self.ended(span, &end, &taken.wanted(awaited))),
                Came::TooLate => return Err(self.too_late(awaited, &taken)),
            };
            if let Frames::Until { last, .. } = &awaited.frames
                && look(&frame, last, self.acting, &self.redactor)?.is_none()
            {
                taken.add(frame);
                taken.ended = true;
                break;
            }
            match look(&frame, &awaited.expect, self.acting, &self.redactor)? {
                None => taken.add(frame),
                Some(unfit) if awaited.skip && frame.kind != FrameKind::Close => taken.pass_over(unfit.clause()),
                Some(unfit) => return Err(unfit.problem(describe(&frame), self.acting)),
            }
        }
        self.number(awaited, &taken)?;
        self.spread(awaited, &taken)?;
        let Some(last) = taken.last else { return Ok(()) };
        for capture in &awaited.capture {
            let value = captured(capture, &last, self.acting)?;
            let secret = capture.secret || self.acting.secrets.contains(&capture.name.value);
            if secret {
                self.redactor.add(&Secret::new(&value));
            }
            self.acting.visitor.kept.push(Kept { name: capture.name.value.clone(), value, secret });
        }
        Ok(())
    }

    fn number(&self, awaited: &Awaited, taken: &Taken) -> Result<(), Problem> {
        let Frames::Until { number: Some(number), .. } = &awaited.frames else { return Ok(()) };
        let found = Found::Number(f64::from(u32::try_from(taken.count).unwrap_or(u32::MAX)));
        self.check(number, &found, "the number of frames", "the frames below are all that came up to the last one")
    }

    fn spread(&self, awaited: &Awaited, taken: &Taken) -> Result<(), Problem> {
        let Some(spread) = &awaited.spread else { return Ok(()) };
        let last = taken.last.as_ref().map(|frame| frame.at).unwrap_or_default();
        let found = last.saturating_sub(taken.first.unwrap_or_default());
        let help = "a stream that comes all at once was collected on the way: look for buffering in the edge \
                    (Caddy: `flush_interval -1`), or in the service; one that comes late is slow at its source";
        self.check(spread, &Found::Duration(found), "the time from the first frame to the last", help)
    }

    fn check(
        &self,
        expected: &Spanned<scenario::model::Predicate>,
        found: &Found,
        what: &str,
        help: &str,
    ) -> Result<(), Problem> {
        let Err(mismatch) = predicate::check(&expected.value, found, &|name| self.acting.lookup(name), &self.redactor)
        else {
            return Ok(());
        };
        if mismatch.kind != MismatchKind::Unsatisfied {
            return Err(mistaken(mismatch, expected.span, self.acting));
        }
        let diagnostic = self
            .acting
            .diagnostic(mismatch.span.unwrap_or(expected.span), format!("{what} is not what was expected"))
            .expected(mismatch.expected)
            .found(mismatch.found)
            .help(help);
        Err(Problem { kind: FailureKind::Expectation, diagnostic })
    }

    /// The scenario says how long the server may take, so that this is about the server, not about us.
    fn too_late(&self, awaited: &Awaited, taken: &Taken) -> Problem {
        let within = awaited.within.as_ref();
        let time = within.map(|within| show(within.value)).unwrap_or_default();
        let span = within.map_or(self.acting.planned.step.span, |within| within.span);
        let message = match taken.count {
            0 => format!("no such frame came within {time}"),
            _ => format!("not all frames came within {time}"),
        };
        let mut found = taken.so_far();
        if let Some(passed_over) = &taken.passed_over {
            found.push_str(&format!("; {} passed over, the last: {passed_over}", taken.passed));
        }
        let diagnostic = self.acting.diagnostic(span, message).label(self.so_far()).expected(taken.wanted(awaited));
        let help = "the WebSocket is open, and the server says nothing more: does it know what it was sent, does the edge \
                    pass frames on at once?";
        Problem { kind: FailureKind::Expectation, diagnostic: diagnostic.found(found).help(help) }
    }
}

/// A WebSocket that is open has its log.
fn log<'a>(acting: &'a mut Acting<'_>) -> &'a mut SocketLog {
    acting.visitor.socket.get_or_insert_with(|| SocketLog::new(None))
}

/// The frames of one turn.
#[derive(Default)]
struct Taken {
    count: usize,
    first: Option<Duration>,
    last: Option<Frame>,
    /// The last of several has come.
    ended: bool,
    passed: usize,
    passed_over: Option<String>,
}

impl Taken {
    fn add(&mut self, frame: Frame) {
        self.count += 1;
        self.first.get_or_insert(frame.at);
        self.last = Some(frame);
    }

    fn pass_over(&mut self, why: String) {
        self.passed += 1;
        self.passed_over = Some(why);
    }

    fn is_complete(&self, awaited: &Awaited) -> bool {
        match awaited.frames {
            Frames::Exactly(number) => self.count >= number,
            Frames::Until { .. } => self.ended,
        }
    }

    fn wanted(&self, awaited: &Awaited) -> String {
        let kind = match awaited.kind {
            AwaitedKind::Data => "frame",
            AwaitedKind::Pong => "pong",
            AwaitedKind::Close => "close frame",
        };
        match awaited.frames {
            Frames::Exactly(1) => format!("a {kind}"),
            Frames::Exactly(number) => format!("{number} {kind}s"),
            Frames::Until { .. } => "a frame of which what stands under `until` holds".to_owned(),
        }
    }

    fn so_far(&self) -> String {
        match self.count {
            0 => "none".to_owned(),
            number => format!("{number} of them"),
        }
    }
}
