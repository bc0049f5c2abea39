//! Finds what an answer proposes: `<action type="issue-create">{JSON}</action>`, in text that comes piece by piece.
//!
//! There is no other markup. What isn't exactly that (an unknown type, a payload that breaks the rules, no end) stays the text
//! that it is, and so does everything in a code block or in a span of code: somebody explains it there.

use std::ops::Range;

use super::fence::Fences;
use super::payload::{Action, Kind};

/// The longest block, from `<` to `>`. What is longer is text.
pub const LONGEST: usize = 96 * 1024;

/// How many actions one answer may propose. What goes beyond is text.
pub const MOST: usize = 8;

/// How many ends are tried for one block: a JSON string may hold `</action>` itself.
const MOST_ENDS: usize = 16;

/// The longest opening tag.
const LONGEST_TAG: usize = 64;

const OPENING: &str = "<action";
const END: &str = "</action>";

/// Reads an answer as it comes, and takes the actions out of its text.
///
/// Text is handed on as soon as it can't be the beginning of an action any more. What all calls gave, put together, is the
/// answer's text without its actions, however it was cut into pieces.
pub struct Reader {
    offers: Box<dyn Fn(Action) -> Option<Action> + Send>,
    /// What isn't settled yet; where a block is open it begins with it.
    held: String,
    /// How far the open block was searched, and how many ends were tried for it.
    searched: (usize, usize),
    /// A stretch of `held` where no end begins: each is searched once, however many blocks seem to begin before it.
    endless: Range<usize>,
    fences: Fences,
    actions: Vec<Action>,
}

/// What may begin at some place.
enum Attempt {
    /// More of the answer has to be seen.
    Open,
    /// It is text.
    Text,
    /// An action, so many bytes long.
    Action(usize, Action),
}

impl Reader {
    /// A reader of one answer. What isn't offered, is as unknown as a type that there isn't.
    pub fn new(offers: impl Fn(Action) -> Option<Action> + Send + 'static) -> Self {
        Self {
            offers: Box::new(offers),
            held: String::new(),
            searched: (0, 0),
            endless: 0..0,
            fences: Fences::default(),
            actions: Vec::new(),
        }
    }

    /// The whole of an answer that is there already: its text, and what it proposes.
    pub fn read(mut self, answer: &str) -> (String, Vec<Action>) {
        let mut text = self.push(answer);
        let (rest, actions) = self.finish();
        text.push_str(&rest);
        (text, actions)
    }

    /// The next piece of the answer. Gives the text that can be shown.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        self.settle(false)
    }

    /// The answer is complete: what text is left, and all actions.
    pub fn finish(mut self) -> (String, Vec<Action>) {
        let rest = self.settle(true);
        (rest, self.actions)
    }

    fn settle(&mut self, complete: bool) -> String {
        let mut shown = String::new();
        let mut at = 0;
        loop {
            let start = self.held[at..].find('<').map_or(self.held.len(), |offset| at + offset);
            shown.push_str(&self.held[at..start]);
            self.fences.pass(&self.held[at..start]);
            at = start;
            if at == self.held.len() {
                break;
            }
            match self.attempt(at) {
                Attempt::Open if !complete => break,
                Attempt::Action(length, action) => {
                    self.actions.push(action);
                    at += length;
                }
                Attempt::Open | Attempt::Text => {
                    shown.push('<');
                    self.fences.pass("<");
                    at += 1;
                }
            }
            self.searched = (0, 0);
        }
        self.held.drain(..at);
        self.endless = self.endless.start.saturating_sub(at)..self.endless.end.saturating_sub(at);
        shown
    }

    /// What begins at this place, where there is a `<`.
    fn attempt(&mut self, at: usize) -> Attempt {
        if self.fences.in_code() || self.actions.len() >= MOST {
            return Attempt::Text;
        }
        let rest = &self.held[at..];
        let (kind, tag) = match opening_tag(rest) {
            Tag::Open => return Attempt::Open,
            Tag::Text => return Attempt::Text,
            Tag::Of(kind, length) => (kind, length),
        };
        let (searched, mut tried) = self.searched;
        let mut from = searched.max(tag);
        while tried < MOST_ENDS {
            let Some(end) = self.next_end(at + from, at + LONGEST).map(|end| end - at) else {
                self.searched = (from, tried);
                return if rest_is_long(&self.held, at) { Attempt::Text } else { Attempt::Open };
            };
            match serde_json::from_str::<serde_json::Value>(&self.held[at + tag..at + end]) {
                Ok(payload) => {
                    let action = Action::from_json(kind, &payload).ok().and_then(&self.offers);
                    return action.map_or(Attempt::Text, |action| Attempt::Action(end + END.len(), action));
                }
                // This end stands in a string.
                Err(error) if error.is_eof() => (from, tried) = (end + END.len(), tried + 1),
                Err(_) => return Attempt::Text,
            }
        }
        Attempt::Text
    }

    /// Where the next end begins between two places, if it is there whole.
    fn next_end(&mut self, from: usize, to: usize) -> Option<usize> {
        let mut start = from;
        if self.endless.contains(&from) {
            start = self.endless.end;
        } else {
            self.endless = from..from;
        }
        let to = to.min(self.held.len());
        let text = self.held.as_bytes().get(start..to).unwrap_or_default();
        if let Some(offset) = text.windows(END.len()).position(|window| window == END.as_bytes()) {
            return Some(start + offset);
        }
        // An end may be cut in two at the end of what was looked at.
        self.endless.end = start.max((to + 1).saturating_sub(END.len()));
        None
    }
}

fn rest_is_long(held: &str, at: usize) -> bool {
    held.len() - at >= LONGEST
}

enum Tag {
    Open,
    Text,
    Of(Kind, usize),
}

/// Reads `<action type="…">`; space stands where XML lets it.
fn opening_tag(text: &str) -> Tag {
    let mut rest = Scan { text, at: 0 };
    let read = (|| {
        rest.literal(OPENING)?;
        rest.space(1)?;
        rest.literal("type")?;
        rest.space(0)?;
        rest.literal("=")?;
        rest.space(0)?;
        rest.literal("\"")?;
        let name = rest.name()?;
        rest.literal("\"")?;
        rest.space(0)?;
        rest.literal(">")?;
        Ok(name)
    })();
    match read {
        Ok(name) => Kind::from_name(name).map_or(Tag::Text, |kind| Tag::Of(kind, rest.at)),
        Err(Stop::End) if text.len() < LONGEST_TAG => Tag::Open,
        Err(_) => Tag::Text,
    }
}

enum Stop {
    /// The text ends here; so far it was right.
    End,
    Other,
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn literal(&mut self, literal: &str) -> Result<(), Stop> {
        if self.rest().starts_with(literal) {
            self.at += literal.len();
            return Ok(());
        }
        Err(if literal.starts_with(self.rest()) { Stop::End } else { Stop::Other })
    }

    fn space(&mut self, least: usize) -> Result<(), Stop> {
        let count = self.rest().bytes().take_while(u8::is_ascii_whitespace).count();
        self.at += count;
        match (self.rest().is_empty(), count >= least) {
            (true, _) => Err(Stop::End),
            (false, true) => Ok(()),
            (false, false) => Err(Stop::Other),
        }
    }

    fn name(&mut self) -> Result<&'a str, Stop> {
        let name = self.rest();
        let length = name.bytes().take_while(|byte| byte.is_ascii_lowercase() || *byte == b'-').count();
        self.at += length;
        if self.rest().is_empty() { Err(Stop::End) } else { Ok(&name[..length]) }
    }
}
