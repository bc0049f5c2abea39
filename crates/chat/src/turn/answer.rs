//! An answer as it grows: what is shown of it while it comes, and what it is in the end.
//!
//! The command prints an answer twice: in pieces as they come, and by whole blocks. The blocks are what counts. Where the API breaks off in the middle,
//! the command asks again, and the pieces of the first attempt lead nowhere; a version that prints no pieces prints the blocks all the same.

use super::Usage;
use super::stream_json::{Line, Outcome};

/// What stands between two blocks.
const BETWEEN: &str = "\n\n";

/// An answer so far.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The blocks that came whole.
    whole: String,
    /// What was shown beyond those.
    ahead: String,
    /// The block that comes in pieces.
    block: String,
    /// Whether what was shown ends with the block so far, so that its next piece is news.
    is_level: bool,
    /// Messages that are through.
    spent: Usage,
    /// The message that comes.
    message: Usage,
    /// How the turn ended.
    outcome: Option<Outcome>,
}

impl Answer {
    /// Takes a line in, and gives what is to be shown of it.
    pub(super) fn take(&mut self, line: Line) -> Option<String> {
        match line {
            Line::MessageBegins { input_tokens } => {
                self.spent = self.used();
                self.message = Usage { input_tokens, output_tokens: 0 };
                None
            }
            Line::BlockBegins => {
                self.block.clear();
                self.is_level = self.ahead.is_empty();
                None
            }
            Line::Piece(piece) => {
                // Until the API counts, each piece is a token.
                self.message.output_tokens += 1;
                self.piece(&piece)
            }
            Line::MessageCost { output_tokens } => {
                self.message.output_tokens = self.message.output_tokens.max(output_tokens);
                None
            }
            Line::Whole(text) => self.block(&text),
            Line::Result(outcome) => {
                let missing = (!outcome.is_error && self.whole.is_empty()).then(|| outcome.text.clone());
                self.outcome = Some(outcome);
                missing.filter(|text| !text.is_empty()).and_then(|text| self.block(&text))
            }
            Line::Ready { .. } | Line::Passed | Line::Unknown => None,
        }
    }

    /// How long it is, shown or not, in bytes.
    pub(super) fn len(&self) -> usize {
        self.whole.len() + self.ahead.len().max(self.block.len())
    }

    /// How the turn ended, where it did.
    pub(super) fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// What it has cost so far, as far as anybody said.
    pub(super) fn used(&self) -> Usage {
        if let Some(outcome) = &self.outcome {
            return outcome.usage;
        }
        Usage {
            input_tokens: self.spent.input_tokens + self.message.input_tokens,
            output_tokens: self.spent.output_tokens + self.message.output_tokens,
        }
    }

    /// The text in the end.
    pub(super) fn into_text(self) -> String {
        self.whole
    }

    /// What goes before a block that comes now.
    fn between(&self) -> &'static str {
        if self.whole.is_empty() { "" } else { BETWEEN }
    }

    fn piece(&mut self, piece: &str) -> Option<String> {
        let first = if self.block.is_empty() { self.between() } else { "" };
        self.block.push_str(piece);
        if self.is_level {
            let shown = format!("{first}{piece}");
            self.ahead.push_str(&shown);
            return Some(shown).filter(|shown| !shown.is_empty());
        }
        // Something was shown that never became whole: what comes now may repeat it.
        let again = format!("{}{}", self.between(), self.block);
        if self.ahead.starts_with(&again) {
            return None;
        }
        self.is_level = true;
        let shown = match again.strip_prefix(self.ahead.as_str()) {
            Some(news) => news.to_owned(),
            None => format!("{BETWEEN}{}", self.block),
        };
        self.ahead = again;
        Some(shown)
    }

    fn block(&mut self, text: &str) -> Option<String> {
        let again = format!("{}{text}", self.between());
        let news = again.strip_prefix(self.ahead.as_str()).map(ToOwned::to_owned);
        self.whole.push_str(&again);
        self.ahead.clear();
        self.block.clear();
        self.is_level = true;
        news.filter(|news| !news.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str) -> Line {
        Line::Piece(text.to_owned())
    }

    fn whole(text: &str) -> Line {
        Line::Whole(text.to_owned())
    }

    fn result(text: &str) -> Line {
        let usage = Usage { input_tokens: 3, output_tokens: 4 };
        Line::Result(Outcome { is_error: false, text: text.to_owned(), usage })
    }

    const BEGINS: Line = Line::MessageBegins { input_tokens: 10 };

    /// What is shown, with `|` between, and the text in the end.
    fn told(lines: Vec<Line>) -> (String, String) {
        let mut answer = Answer::default();
        let shown: Vec<String> = lines.into_iter().filter_map(|line| answer.take(line)).collect();
        (shown.join("|"), answer.into_text())
    }

    #[test]
    fn nothing_is_shown_twice_and_the_blocks_count() {
        let cases = [
            (
                "pieces and then the whole",
                vec![BEGINS, Line::BlockBegins, piece("a "), piece("b"), whole("a b"), result("a b")],
                "a |b",
                "a b",
            ),
            ("no pieces", vec![whole("a b"), result("a b")], "a b", "a b"),
            ("a result alone", vec![result("a b")], "a b", "a b"),
            (
                "text, a tool, text",
                vec![
                    BEGINS,
                    Line::BlockBegins,
                    piece("a"),
                    whole("a"),
                    BEGINS,
                    Line::BlockBegins,
                    piece("b"),
                    piece(" c"),
                    whole("b c"),
                    result("b c"),
                ],
                "a|\n\nb| c",
                "a\n\nb c",
            ),
            (
                "broken off, then whole",
                vec![BEGINS, Line::BlockBegins, piece("a "), piece("b "), whole("a b c"), result("a b c")],
                "a |b |c",
                "a b c",
            ),
            (
                "broken off, then the same again in pieces",
                vec![
                    BEGINS,
                    Line::BlockBegins,
                    piece("a "),
                    piece("b "),
                    BEGINS,
                    Line::BlockBegins,
                    piece("a "),
                    piece("b c"),
                    piece(" d"),
                    whole("a b c d"),
                ],
                "a |b |c| d",
                "a b c d",
            ),
            (
                "broken off, then another",
                vec![
                    BEGINS,
                    Line::BlockBegins,
                    piece("a "),
                    BEGINS,
                    Line::BlockBegins,
                    piece("x "),
                    piece("y"),
                    whole("x y"),
                ],
                "a |\n\nx |y",
                "x y",
            ),
            ("broken off for good", vec![BEGINS, Line::BlockBegins, piece("a ")], "a ", ""),
        ];
        for (name, lines, shown, text) in cases {
            assert_eq!(told(lines), (shown.to_owned(), text.to_owned()), "{name}");
        }
    }

    #[test]
    fn what_it_cost_is_known_before_it_ends() {
        let mut answer = Answer::default();
        for line in [BEGINS, piece("a"), piece("b"), Line::MessageCost { output_tokens: 9 }, BEGINS, piece("c")] {
            answer.take(line);
        }
        assert_eq!(answer.used(), Usage { input_tokens: 20, output_tokens: 10 });
        answer.take(result(""));
        assert_eq!(answer.used(), Usage { input_tokens: 3, output_tokens: 4 });
    }
}
