//! `<action type="…">{JSON}</action>` in an answer.

use serde_json::{Value, json};

use super::payload::Action;
use crate::chat::State;
use crate::random;

const OPENING: &str = "<action type=\"";
const END: &str = "</action>";
/// How many an answer may propose.
const MOST: usize = 8;

/// An answer's text without what it proposes, and that. What isn't quite an action, or stands in code, stays text.
pub(in crate::chat) fn proposals(state: &State, answer: &str) -> (String, Vec<Value>) {
    let offers = |kind: &str, payload: &Value| {
        let action = Action::read(kind, payload).ok().filter(|action| super::kinds(state).contains(&action.kind))?;
        action.scoped(state)
    };
    let (text, actions) = read(answer, offers);
    let proposal = |action: Action| {
        let id = random::uuid().ok()?;
        Some(json!({ "id": id, "type": action.kind, "payload": action.payload() }))
    };
    (text, actions.into_iter().filter_map(proposal).collect())
}

fn read(answer: &str, offers: impl Fn(&str, &Value) -> Option<Action>) -> (String, Vec<Action>) {
    let (mut text, mut actions, mut rest) = (String::new(), Vec::new(), answer);
    while let Some(at) = rest.find(OPENING) {
        text.push_str(&rest[..at]);
        let found = if is_code(&text) || actions.len() == MOST { None } else { action(&rest[at..], &offers) };
        match found {
            Some((action, length)) => {
                actions.push(action);
                rest = &rest[at + length..];
            }
            None => {
                text.push_str(OPENING);
                rest = &rest[at + OPENING.len()..];
            }
        }
    }
    text.push_str(rest);
    (text, actions)
}

/// The action with which a text begins, and its length. A JSON text may hold an end itself.
fn action(text: &str, offers: &impl Fn(&str, &Value) -> Option<Action>) -> Option<(Action, usize)> {
    let (kind, _) = text[OPENING.len()..].split_once("\">")?;
    let start = OPENING.len() + kind.len() + 2;
    let mut ends = text.match_indices(END).map(|(at, _)| at).filter(|at| *at >= start).take(16);
    ends.find_map(|end| {
        let payload = serde_json::from_str(&text[start..end]).ok()?;
        Some((offers(kind, &payload)?, end + END.len()))
    })
}

/// Whether a text ends in a block or a span of code.
fn is_code(text: &str) -> bool {
    let is_fence = |line: &&str| line.trim_start().starts_with("```");
    let line = text.rsplit('\n').next().unwrap_or_default();
    text.lines().filter(is_fence).count() % 2 == 1 || line.matches('`').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_action_and_what_stays_text() {
        let read = |answer: &str| {
            let (text, actions) = read(answer, |kind, payload| Action::read(kind, payload).ok());
            (text, actions.len())
        };
        let one = "<action type=\"issue-create\">{\"title\":\"a </action> b\"}</action>";
        assert_eq!(read(&format!("a {one} b {one}")), ("a  b ".to_owned(), 2));
        for text in [
            format!("```\n{one}\n```"),
            format!("`{one}`"),
            "<action type=\"delete\">{}</action>".to_owned(),
            "<action type=\"issue-create\">{\"title\":1}</action>".to_owned(),
            "<action type=\"issue-create\">{\"title\":\"x\"}".to_owned(),
            "<action>".to_owned(),
        ] {
            assert_eq!(read(&text), (text.clone(), 0));
        }
        assert_eq!(read(&format!("```\nx\n```\n{one}")).1, 1);
    }
}
