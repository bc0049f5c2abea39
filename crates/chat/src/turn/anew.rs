//! A conversation whose session is lost: the command is told what the history has.

use super::Said;
use crate::history::Role;

/// How much of what was said is told again, in bytes. The newest counts most.
const LONGEST: usize = 64 * 1024;

/// The prompt with what was said before it. Where nothing was, it is the prompt.
pub(super) fn prompt(earlier: &[Said], prompt: &str) -> String {
    let mut told = Vec::new();
    let mut left = LONGEST;
    for said in earlier.iter().rev() {
        let line = line(said);
        let Some(rest) = left.checked_sub(line.len()) else { break };
        left = rest;
        told.push(line);
    }
    if told.is_empty() {
        return prompt.to_owned();
    }
    let left_out = if told.len() < earlier.len() { "(What came before that is left out.)\n" } else { "" };
    told.reverse();
    format!(
        "This conversation goes on from an earlier one, of which you have only this record.\n<record>\n{left_out}{}</record>\n\n{prompt}",
        told.concat()
    )
}

fn line(said: &Said) -> String {
    let who = match said.role {
        Role::User => "User",
        Role::Assistant => "You",
        Role::Action => "Action, confirmed by the user",
    };
    format!("{who}: {}\n", said.text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(role: Role, text: &str) -> Said {
        Said { role, text: text.to_owned() }
    }

    #[test]
    fn what_was_said_goes_before_the_prompt() {
        assert_eq!(prompt(&[], "hello"), "hello");
        let earlier = [said(Role::User, "my number is 7\n"), said(Role::Assistant, "noted")];
        let told = prompt(&earlier, "which was it?");
        assert!(told.contains("\nUser: my number is 7\nYou: noted\n</record>\n\nwhich was it?"), "{told}");
        assert!(!told.contains("left out"));
    }

    #[test]
    fn the_newest_is_told_and_the_oldest_left_out() {
        let earlier = [said(Role::User, "old"), said(Role::Assistant, &"x".repeat(LONGEST)), said(Role::User, "new")];
        let told = prompt(&earlier, "?");
        assert!(told.contains("User: new") && told.contains("left out") && !told.contains("old\n"), "{told}");
    }
}
