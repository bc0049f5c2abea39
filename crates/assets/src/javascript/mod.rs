//! What scripts refer to: `import … from "x"`, `export … from "x"`, and `import("x")` with a literal.
//!
//! Scripts aren't run. What they load by other means (`fetch`, an element that they make, a path put together of parts) is
//! not seen.

mod import_map;
mod tokens;

use url::Url;

use crate::reference::Lines;
use crate::{Found, Kind, Reference, Target, Unread};

pub use import_map::ImportMap;
use tokens::{Token, Tokens};

/// What refers to a module that the script can't do without.
pub const STATIC: &str = "import";
/// What refers to a module that is loaded where the script gets there.
pub const DYNAMIC: &str = "import()";

/// An import as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The specifier.
    pub specifier: String,
    /// It is `import()`, which happens where the script gets there; a classic script can have no other.
    pub is_dynamic: bool,
    /// What is loaded: a module, unless attributes say otherwise.
    pub kind: Kind,
    /// The line, from 1.
    pub line: usize,
}

/// The imports of a script, in the order of the text, which begins on `line`; and where the text stopped making sense, if
/// it did.
pub fn imports(text: &str, line: usize) -> (Vec<Import>, Option<Unread>) {
    let mut reader = Reader { text, tokens: Tokens::new(text), lines: Lines::new(text, line), found: Vec::new() };
    match reader.read() {
        Ok(()) => (reader.found, None),
        Err(astray) => {
            let line = Lines::new(text, line).of(astray.at);
            (reader.found, Some(Unread { line, reason: astray.reason }))
        }
    }
}

/// The imports of a script as references. `base` is the script's own URL (of an inline script, the document's base).
///
/// Where the script couldn't be read to its end, nothing of it is essential: what was found may be a misreading.
pub fn references(text: &str, base: &Url, map: &ImportMap, line: usize) -> Found {
    let (imports, unread) = imports(text, line);
    let mut found = Found { unread, ..Found::default() };
    for import in imports {
        if let Some(reference) = resolve(&import, base, map, found.unread.is_some()) {
            found.push(reference);
        } else {
            found.inline += 1;
        }
    }
    found
}

/// Resolves a specifier (HTML standard, "resolve a module specifier"); `None` for one that carries its content.
fn resolve(import: &Import, base: &Url, map: &ImportMap, is_doubtful: bool) -> Option<Reference> {
    let by = if import.is_dynamic { DYNAMIC } else { STATIC };
    let (target, is_bare) = match map.resolve(&import.specifier, base) {
        Some(Ok(mut url)) => match url.scheme() {
            "http" | "https" => {
                url.set_fragment(None);
                (Target::Url(url), false)
            }
            "data" | "blob" => return None,
            scheme => (Target::Nowhere(format!("no page of the web can import from a {scheme}: address")), true),
        },
        Some(Err(reason)) => (Target::Nowhere(reason), false),
        None => (Target::Nowhere("a bare specifier, and no import map says where it leads".to_owned()), true),
    };
    let mut reference = Reference::to(&import.specifier, target, import.kind, by, import.line);
    // Scripts that run elsewhere too ask for the modules of other places (`import("node:fs")`) and never get there in a
    // browser.
    let never_gets_there = import.is_dynamic && is_bare;
    reference.essential = !is_doubtful && !never_gets_there;
    Some(reference)
}

struct Reader<'a> {
    text: &'a str,
    tokens: Tokens<'a>,
    lines: Lines<'a>,
    found: Vec<Import>,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<(), tokens::Astray> {
        let mut token = self.tokens.next()?;
        while let Some(current) = token {
            let is_top = self.tokens.depth() == 0;
            token = match self.word(current) {
                Some("import") => self.import(is_top)?,
                Some("export") if is_top => self.export()?,
                _ => self.tokens.next()?,
            };
        }
        Ok(())
    }

    /// The text of a word that isn't a property's name.
    fn word(&self, token: Token) -> Option<&str> {
        match token {
            Token::Word { start, end, is_property: false } => Some(&self.text[start..end]),
            _ => None,
        }
    }

    fn push(&mut self, start: usize, end: usize, is_dynamic: bool, kind: Kind) {
        let specifier = unescape(&self.text[start..end]);
        let line = self.lines.of(start);
        self.found.push(Import { specifier, is_dynamic, kind, line });
    }

    /// Behind `import`. Gives the first token that doesn't belong to it.
    fn import(&mut self, is_top: bool) -> Result<Option<Token>, tokens::Astray> {
        match self.tokens.next()? {
            Some(Token::Mark(b'(')) => self.dynamic(),
            Some(Token::Text { start, end }) if is_top => self.from(start, end),
            Some(token) if is_top => self.clause(Some(token)),
            token => Ok(token),
        }
    }

    /// Behind `export`: a list or everything, maybe from elsewhere.
    fn export(&mut self) -> Result<Option<Token>, tokens::Astray> {
        match self.tokens.next()? {
            token @ Some(Token::Mark(b'{' | b'*')) => self.clause(token),
            token => Ok(token),
        }
    }

    /// Names up to `from "x"`. Anything else ends it.
    fn clause(&mut self, mut token: Option<Token>) -> Result<Option<Token>, tokens::Astray> {
        let mut is_behind_from = false;
        loop {
            let is_top = self.tokens.depth() == 0;
            match token {
                Some(Token::Text { start, end }) if is_top && is_behind_from => return self.from(start, end),
                // Within braces names may be strings.
                Some(Token::Text { .. }) if !is_top => {}
                Some(Token::Mark(b'{' | b'}' | b',' | b'*')) => {}
                Some(Token::Word { start, end, is_property: false }) => {
                    let word = &self.text[start..end];
                    // The next statement: there was no `from`.
                    if matches!(word, "import" | "export" | "const" | "let" | "var" | "function" | "class") && is_top {
                        return Ok(token);
                    }
                    is_behind_from = is_top && word == "from";
                    token = self.tokens.next()?;
                    continue;
                }
                other => return Ok(other),
            }
            is_behind_from = false;
            token = self.tokens.next()?;
        }
    }

    /// The specifier of a static import, and the attributes behind it.
    fn from(&mut self, start: usize, end: usize) -> Result<Option<Token>, tokens::Astray> {
        let token = self.tokens.next()?;
        let is_with = token.and_then(|token| self.word(token)).is_some_and(|word| matches!(word, "with" | "assert"));
        if !is_with {
            self.push(start, end, false, Kind::Module);
            return Ok(token);
        }
        let (kind, token) = self.attributes()?;
        self.push(start, end, false, kind.unwrap_or(Kind::Module));
        Ok(token)
    }

    /// Behind `import(`.
    fn dynamic(&mut self) -> Result<Option<Token>, tokens::Astray> {
        let token = self.tokens.next()?;
        let Some(Token::Text { start, end }) = token else { return Ok(token) };
        match self.tokens.next()? {
            Some(Token::Mark(b')')) => {
                self.push(start, end, true, Kind::Module);
                self.tokens.next()
            }
            Some(Token::Mark(b',')) => {
                let (kind, token) = self.options()?;
                self.push(start, end, true, kind);
                Ok(token)
            }
            // A part of something longer: `import("./" + name)`.
            token => Ok(token),
        }
    }

    /// The second argument of `import()`: `{ with: { type: "json" } }`. What can't be read may be anything.
    fn options(&mut self) -> Result<(Kind, Option<Token>), tokens::Astray> {
        let token = self.tokens.next()?;
        match token {
            // A comma at the end.
            Some(Token::Mark(b')')) => return Ok((Kind::Module, self.tokens.next()?)),
            Some(Token::Mark(b'{')) => {}
            _ => return Ok((Kind::Data, token)),
        }
        let token = self.tokens.next()?;
        let is_with = token.and_then(|token| self.word(token)).is_some_and(|word| matches!(word, "with" | "assert"));
        if !is_with {
            return Ok((Kind::Data, token));
        }
        match self.tokens.next()? {
            Some(Token::Mark(b':')) => {
                let (kind, token) = self.attributes()?;
                Ok((kind.unwrap_or(Kind::Data), token))
            }
            token => Ok((Kind::Data, token)),
        }
    }

    /// `{ type: "json" }`; the kind that it stands for, and the token behind it.
    fn attributes(&mut self) -> Result<(Option<Kind>, Option<Token>), tokens::Astray> {
        let mut token = self.tokens.next()?;
        if token != Some(Token::Mark(b'{')) {
            return Ok((None, token));
        }
        let mut kind = None;
        let mut is_type = false;
        loop {
            token = self.tokens.next()?;
            match token {
                Some(Token::Word { start, end, .. }) => is_type = &self.text[start..end] == "type",
                Some(Token::Text { start, end }) => {
                    let text = &self.text[start..end];
                    if is_type {
                        kind = Some(match text {
                            "json" => Kind::JsonModule,
                            "css" => Kind::Style,
                            _ => Kind::Data,
                        });
                    }
                    is_type = !is_type && text == "type";
                }
                Some(Token::Mark(b':' | b',')) => {}
                Some(Token::Mark(b'}')) => return Ok((kind, self.tokens.next()?)),
                other => return Ok((kind, other)),
            }
        }
    }
}

/// A string's value (ECMAScript, section 12.9.4). An escape that makes no sense stays as it is.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        let rest = characters.as_str();
        match characters.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\n') | None => {}
            Some(kind @ ('x' | 'u')) => {
                let digits = &rest[1..];
                let (code, length) = match (kind, digits.strip_prefix('{').and_then(|rest| rest.find('}'))) {
                    ('u', Some(end)) => (digits.get(1..=end), end + 2),
                    ('u', None) => (digits.get(..4), 4),
                    _ => (digits.get(..2), 2),
                };
                let value = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
                match value {
                    Some(value) => {
                        out.push(value);
                        characters = digits[length..].chars();
                    }
                    None => out.extend(['\\', kind]),
                }
            }
            Some(other) => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests;
