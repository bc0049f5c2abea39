//! JavaScript's tokens (ECMAScript, section 12), as many of them as finding imports needs.
//!
//! What a `/` begins depends on what stands before it, which only a full parser knows in all cases. Here brackets are kept
//! on a stack with what they were opened by, which is right for everything but contrived code; where the reading goes
//! astray it meets a contradiction sooner or later, says so, and stops.

/// A token. Texts are ranges of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or a keyword; `true` where it stands behind a `.` and so is a property.
    Word { start: usize, end: usize, is_property: bool },
    /// A string, or a template without substitutions: what stands between its quotes.
    Text { start: usize, end: usize },
    /// A number, a regular expression, or a template with substitutions up to its end.
    Value,
    /// A bracket or an operator, by its first character.
    Mark(u8),
}

/// Where the text stopped making sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Astray {
    pub(super) at: usize,
    pub(super) reason: &'static str,
}

/// What a bracket was opened as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bracket {
    /// `(`; behind the closing one of `if (…)` and the like a statement begins.
    Round {
        before_statement: bool,
    },
    Square,
    /// `{` of a block, a body or a class; behind the closing one a statement begins.
    Block,
    /// `{` of an object.
    Object,
    /// `${` of a template.
    Substitution,
}

/// What stands before a token, as far as it matters to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing, or something that a statement follows.
    Statement,
    /// `=>`, `)` or a word such as `else`: a `{` opens a block.
    Body,
    /// A name, a value or a closing bracket: a `/` divides.
    Operand,
    /// `)`: a `/` divides, and a `{` opens a block.
    Closed,
    /// A `.`: a word is a property's name.
    Dot,
    /// A `:`, of an object's entry, of a label or of a condition.
    Colon,
    /// An operator, or a word such as `return`: a value follows.
    Operator,
}

/// Words that a value follows, so that a `/` behind them begins a regular expression.
const BEFORE_VALUES: [&str; 12] =
    ["return", "typeof", "case", "in", "instanceof", "new", "void", "delete", "throw", "yield", "await", "default"];
/// Words that a block follows.
const BEFORE_BLOCKS: [&str; 4] = ["else", "do", "try", "finally"];
/// Words whose parentheses a statement follows.
const BEFORE_STATEMENTS: [&str; 4] = ["if", "while", "for", "with"];

/// Reads token by token.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    before: Before,
    /// The last token was a word whose parentheses a statement follows.
    statement_word: bool,
    /// The last token was `for`, which `await` may stand behind.
    for_word: bool,
    brackets: Vec<Bracket>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        if bytes[at..].starts_with(b"#!") {
            at = line_end(bytes, at);
        }
        Self {
            text,
            bytes,
            at,
            before: Before::Statement,
            statement_word: false,
            for_word: false,
            brackets: Vec::new(),
        }
    }

    /// How many brackets are open.
    pub(super) fn depth(&self) -> usize {
        self.brackets.len()
    }

    /// The next token; `None` at the end.
    ///
    /// # Errors
    /// The text makes no sense from here on.
    pub(super) fn next(&mut self) -> Result<Option<Token>, Astray> {
        self.skip_space()?;
        let start = self.at;
        let Some(byte) = self.bytes.get(start).copied() else {
            return match self.brackets.is_empty() {
                true => Ok(None),
                false => Err(Astray { at: start, reason: "it ends within brackets" }),
            };
        };
        let statement_word = std::mem::take(&mut self.statement_word);
        let for_word = std::mem::take(&mut self.for_word);
        let token = match byte {
            b'"' | b'\'' => self.string(byte)?,
            b'`' => {
                self.at += 1;
                self.template(start + 1)?
            }
            b'0'..=b'9' => self.number(),
            b'.' if self.bytes.get(start + 1).is_some_and(u8::is_ascii_digit) => self.number(),
            b'/' if self.divides() => self.mark(byte, Before::Operator),
            b'/' => self.regular_expression()?,
            b'(' => {
                self.brackets.push(Bracket::Round { before_statement: statement_word });
                self.mark(byte, Before::Operator)
            }
            b'[' => {
                self.brackets.push(Bracket::Square);
                self.mark(byte, Before::Operator)
            }
            b'{' => {
                let bracket = self.brace();
                self.brackets.push(bracket);
                self.mark(byte, if bracket == Bracket::Block { Before::Statement } else { Before::Operator })
            }
            b')' | b']' | b'}' => self.close(byte)?,
            b'.' => {
                // A spread is an operator; one dot, or `?.`, comes before a property.
                let is_spread = self.bytes[start..].starts_with(b"...");
                self.at += if is_spread { 2 } else { 0 };
                self.mark(byte, if is_spread { Before::Operator } else { Before::Dot })
            }
            b';' => self.mark(byte, Before::Statement),
            b':' => self.mark(byte, Before::Colon),
            b'=' if self.bytes.get(start + 1) == Some(&b'>') => {
                self.at += 1;
                self.mark(byte, Before::Body)
            }
            // A value stands before `++` more often than behind it; before a regular expression neither stands.
            b'+' | b'-' if self.bytes.get(start + 1) == Some(&byte) => {
                self.at += 1;
                self.mark(byte, Before::Operand)
            }
            _ if is_word(byte) => self.word(for_word),
            _ => self.mark(byte, Before::Operator),
        };
        Ok(Some(token))
    }

    fn mark(&mut self, byte: u8, before: Before) -> Token {
        self.at += 1;
        self.before = before;
        Token::Mark(byte)
    }

    /// Whether a `/` here divides.
    fn divides(&self) -> bool {
        matches!(self.before, Before::Operand | Before::Closed | Before::Dot)
    }

    /// What a `{` here opens.
    fn brace(&self) -> Bracket {
        match self.before {
            Before::Statement | Before::Body | Before::Operand | Before::Closed | Before::Dot => Bracket::Block,
            Before::Operator => Bracket::Object,
            // In a block it is a label's, otherwise an entry's or a condition's.
            Before::Colon => match self.brackets.last() {
                None | Some(Bracket::Block) => Bracket::Block,
                Some(_) => Bracket::Object,
            },
        }
    }

    fn close(&mut self, byte: u8) -> Result<Token, Astray> {
        let astray = Astray { at: self.at, reason: "its brackets don't match" };
        let open = self.brackets.pop().ok_or(astray)?;
        let before = match (byte, open) {
            (b')', Bracket::Round { before_statement: true }) => Before::Statement,
            (b')', Bracket::Round { before_statement: false }) => Before::Closed,
            (b']', Bracket::Square) | (b'}', Bracket::Object) => Before::Operand,
            (b'}', Bracket::Block) => Before::Statement,
            (b'}', Bracket::Substitution) => {
                self.at += 1;
                return self.template(self.at).map(|_| Token::Value);
            }
            _ => return Err(astray),
        };
        Ok(self.mark(byte, before))
    }

    fn word(&mut self, for_word: bool) -> Token {
        let start = self.at;
        let mut end = start;
        while let Some(byte) = self.bytes.get(end).copied() {
            if byte == b'\\' {
                // `\u0061`, a letter of the name.
                end += 1;
            } else if !(is_word(byte) || byte.is_ascii_digit()) || (byte >= 0x80 && self.is_space_at(end)) {
                break;
            }
            end += 1;
        }
        end = end.min(self.bytes.len());
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        self.at = end;
        let word = &self.text[start..end];
        let is_property = self.before == Before::Dot;
        self.before = match word {
            _ if is_property => Before::Operand,
            word if BEFORE_VALUES.contains(&word) => Before::Operator,
            word if BEFORE_BLOCKS.contains(&word) => Before::Body,
            _ => Before::Operand,
        };
        self.statement_word = !is_property && (BEFORE_STATEMENTS.contains(&word) || (for_word && word == "await"));
        self.for_word = !is_property && word == "for";
        Token::Word { start, end, is_property }
    }

    fn number(&mut self) -> Token {
        let mut end = self.at;
        while let Some(byte) = self.bytes.get(end).copied() {
            // `1e-5`, but not `0xe-5`.
            let is_sign = matches!(byte, b'+' | b'-')
                && matches!(self.bytes[..end].last(), Some(b'e' | b'E'))
                && !self.bytes[self.at..end].starts_with(b"0x");
            if !(byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_' || is_sign) {
                break;
            }
            end += 1;
        }
        self.at = end;
        self.before = Before::Operand;
        Token::Value
    }

    fn string(&mut self, quote: u8) -> Result<Token, Astray> {
        let start = self.at + 1;
        let mut end = start;
        loop {
            match self.bytes.get(end).copied() {
                Some(byte) if byte == quote => break,
                Some(b'\\') if self.bytes[end + 1..].starts_with(b"\r\n") => end += 3,
                Some(b'\\') => end += 2,
                None | Some(b'\n') => return Err(Astray { at: self.at, reason: "a string doesn't end" }),
                Some(_) => end += 1,
            }
        }
        self.at = end + 1;
        self.before = Before::Operand;
        Ok(Token::Text { start, end })
    }

    /// The rest of a template, which goes on at `start`, to its end or to the next substitution.
    fn template(&mut self, start: usize) -> Result<Token, Astray> {
        let mut end = start;
        loop {
            match self.bytes.get(end).copied() {
                Some(b'`') => {
                    self.at = end + 1;
                    self.before = Before::Operand;
                    return Ok(Token::Text { start, end });
                }
                Some(b'$') if self.bytes.get(end + 1) == Some(&b'{') => {
                    self.at = end + 2;
                    self.brackets.push(Bracket::Substitution);
                    self.before = Before::Operator;
                    return Ok(Token::Value);
                }
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
                None => return Err(Astray { at: start - 1, reason: "a template doesn't end" }),
            }
        }
    }

    fn regular_expression(&mut self) -> Result<Token, Astray> {
        let mut end = self.at + 1;
        let mut in_class = false;
        loop {
            match self.bytes.get(end).copied() {
                Some(b'/') if !in_class => break,
                Some(b'[') => in_class = true,
                Some(b']') => in_class = false,
                Some(b'\\') => end += 1,
                None | Some(b'\n' | b'\r') => {
                    return Err(Astray { at: self.at, reason: "a regular expression doesn't end" });
                }
                Some(_) => {}
            }
            end += 1;
        }
        end += 1;
        while self.bytes.get(end).is_some_and(u8::is_ascii_alphabetic) {
            end += 1;
        }
        self.at = end;
        self.before = Before::Operand;
        Ok(Token::Value)
    }

    /// Goes over white space and comments.
    fn skip_space(&mut self) -> Result<(), Astray> {
        while let Some(byte) = self.bytes.get(self.at).copied() {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => self.at += 1,
                b'/' if self.bytes.get(self.at + 1) == Some(&b'/') => self.at = line_end(self.bytes, self.at),
                b'/' if self.bytes.get(self.at + 1) == Some(&b'*') => {
                    let end = self.text[self.at + 2..].find("*/");
                    let end = end.ok_or(Astray { at: self.at, reason: "a comment doesn't end" })?;
                    self.at += 2 + end + 2;
                }
                0x80.. if self.is_space_at(self.at) => {
                    self.at += self.text[self.at..].chars().next().map_or(1, char::len_utf8);
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// Whether the character here, which is not ASCII, is white space; byte order marks are, inside a text too.
    fn is_space_at(&self, at: usize) -> bool {
        let character = self.text.get(at..).and_then(|rest| rest.chars().next());
        character.is_some_and(|character| character.is_whitespace() || character == '\u{feff}')
    }
}

/// A byte that a name may begin with: letters, `$`, `_`, `#` of a private name, an escape, and everything beyond ASCII.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'$' | b'_' | b'#' | b'\\' | b'@') || byte >= 0x80
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| from + length)
}
