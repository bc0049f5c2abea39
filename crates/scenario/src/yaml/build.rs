//! From the grammar's events to the tree.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};

use super::{EMPTY, Kind, MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_TEXT, Node, Style, error, scalar};
use crate::diagnostic::Diagnostic;
use crate::span::{LineIndex, Source, Span, Spanned};
use crate::text;

/// The tree, unless it has holes, and all that is wrong with it, in the order of the file.
pub(super) fn build(source: &Arc<Source>) -> (Option<Node>, Vec<Diagnostic>) {
    if source.text.len() > MAX_BYTES {
        let message = format!("the file is too large: files may have at most {}", text::size(MAX_BYTES));
        let diagnostic = Diagnostic::in_file(source, message).found(text::size(source.text.len()));
        return (None, vec![diagnostic.help("split it into several files")]);
    }
    let mut builder = Builder {
        source,
        index: LineIndex::new(&source.text),
        open: Vec::new(),
        root: None,
        anchors: HashMap::new(),
        nodes: 0,
        text: 0,
        tag: None,
        diagnostics: Vec::new(),
        repetitions: 0,
    };
    if let Err(Stop) = builder.read() {
        return (None, builder.diagnostics);
    }
    if builder.root.is_none() {
        builder.diagnostics.push(Diagnostic::in_file(source, EMPTY));
    }
    builder.diagnostics.sort_by_key(|diagnostic| diagnostic.span.map(|span| span.start));
    // Of a key that comes twice the first is there. Any other error leaves a hole, of which nothing true can be said.
    let is_sound = builder.diagnostics.len() == builder.repetitions;
    (builder.root.filter(|_| is_sound), builder.diagnostics)
}

/// The reading can't go on; the reason is among the diagnostics.
struct Stop;

struct Builder<'source> {
    /// How many of the diagnostics say that a key comes twice.
    repetitions: usize,
    source: &'source Arc<Source>,
    index: LineIndex,
    /// Mappings and sequences that haven't ended, outermost first.
    open: Vec<Open>,
    root: Option<Node>,
    /// What aliases can stand for; `None` for what hasn't ended.
    anchors: HashMap<usize, Option<(Node, Cost)>>,
    nodes: usize,
    text: usize,
    /// The place of the tag of the node at hand.
    tag: Option<Span>,
    diagnostics: Vec<Diagnostic>,
}

/// What a value takes of the budget, with all that is in it.
#[derive(Clone, Copy)]
struct Cost {
    nodes: usize,
    text: usize,
}

struct Open {
    anchor: usize,
    flow: bool,
    start: Span,
    /// What had been read when it started.
    before: Cost,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping {
        entries: Vec<(Spanned<String>, Node)>,
        /// Where each key stands in `entries`.
        places: HashMap<String, usize>,
        key: Option<Key>,
    },
}

enum Key {
    Good(Spanned<String>),
    /// It was reported; its value is read and dropped.
    Bad,
}

impl Builder<'_> {
    fn read(&mut self) -> Result<(), Stop> {
        let source = Arc::clone(self.source);
        let options = granit_parser::options! {
            emit_unresolved_aliases: true,
            block_nesting_limit: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
        };
        // A byte order mark says nothing in UTF-8; offsets are counted with it.
        let skipped = if source.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let parser = Parser::new_from_str_with_options(&source.text[skipped..], options);
        let mut documents = 0;
        for result in parser {
            let (event, place) = result.map_err(|error| {
                let offset = skipped + error.marker().byte_offset().unwrap_or_default();
                let diagnostic = error::syntax(&source, &self.index, error.kind(), offset);
                self.diagnostics.push(diagnostic);
                Stop
            })?;
            let range = place.byte_range().unwrap_or_default();
            let range = skipped + range.start..skipped + range.end;
            let tag = place.tag_span().and_then(|tag| tag.byte_range());
            self.tag = tag.map(|tag| self.span(skipped + tag.start..skipped + tag.end));
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        let message = "a file holds one document";
                        let diagnostic =
                            Diagnostic::at(&source, self.span(range), message).label("a second one starts here");
                        self.diagnostics.push(diagnostic.help("put it into a file of its own"));
                        return Err(Stop);
                    }
                }
                Event::Scalar(value, style, anchor, tag) => {
                    self.scalar(&value, style, anchor, tag.as_deref(), range)?;
                }
                Event::SequenceStart(style, anchor, tag) => {
                    self.check_tag(tag.as_deref(), "seq", &range);
                    self.start(Content::Sequence(Vec::new()), style, anchor, range)?;
                }
                Event::MappingStart(style, anchor, tag) => {
                    self.check_tag(tag.as_deref(), "map", &range);
                    let content = Content::Mapping { entries: Vec::new(), places: HashMap::new(), key: None };
                    self.start(content, style, anchor, range)?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.end(range)?,
                Event::Alias(anchor) => self.alias(anchor, range)?,
                Event::UnresolvedAlias(name) => {
                    let message = format!("nothing is anchored as `&{name}` before this place");
                    let span = self.span(range);
                    self.diagnostics.push(Diagnostic::at(&source, span, message));
                    self.spend(Cost { nodes: 1, text: 0 }, span)?;
                    self.place(Node { kind: Kind::Null, span });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn span(&self, range: Range<usize>) -> Span {
        self.index.span(&self.source.text, range)
    }

    fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.diagnostics.push(Diagnostic::at(self.source, span, message));
        let last = self.diagnostics.len() - 1;
        &mut self.diagnostics[last]
    }

    fn spend(&mut self, cost: Cost, span: Span) -> Result<(), Stop> {
        self.nodes = self.nodes.saturating_add(cost.nodes);
        self.text = self.text.saturating_add(cost.text);
        let most = if self.nodes > MAX_NODES {
            format!("{MAX_NODES} values")
        } else if self.text > MAX_TEXT {
            format!("{} of text", text::size(MAX_TEXT))
        } else {
            return Ok(());
        };
        let message = format!("the file has too much in it: at most {most}, aliases written out");
        self.error(span, message).label = Some("the limit is passed here".to_owned());
        Err(Stop)
    }

    fn scalar(
        &mut self,
        value: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        range: Range<usize>,
    ) -> Result<(), Stop> {
        let span = self.span(range.start..self.trimmed_end(&range, style));
        let cost = Cost { nodes: 1, text: value.len() };
        self.spend(cost, span)?;
        let kind = match (style, tag) {
            (ScalarStyle::Plain, None) => scalar::resolve(value).unwrap_or_else(|| {
                let help = "put it in quotes if it is text".to_owned();
                self.error(span, format!("`{value}` is not a number that can be used here")).help = Some(help);
                Kind::Null
            }),
            (ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted, Some(tag)) => {
                self.tagged(value, style, tag, span)
            }
            (ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted, None) => {
                Kind::String(value.to_owned(), Style::Quoted)
            }
            (_, tag) => {
                self.check_tag(tag, "str", &range);
                Kind::String(value.to_owned(), Style::Block)
            }
        };
        if !self.place_key(&kind, value, style == ScalarStyle::Plain && tag.is_none(), span) {
            let node = Node { kind, span };
            if anchor != 0 {
                self.anchors.insert(anchor, Some((node.clone(), cost)));
            }
            self.place(node);
        }
        Ok(())
    }

    /// Block scalars end where the next token starts; what is shown ends with their text.
    fn trimmed_end(&self, range: &Range<usize>, style: ScalarStyle) -> usize {
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            let text = self.source.text.get(range.clone()).unwrap_or_default();
            range.start + text.trim_end().len()
        } else {
            range.end
        }
    }

    /// A scalar with a tag of the core schema; others are errors.
    fn tagged(&mut self, value: &str, style: ScalarStyle, tag: &Tag, span: Span) -> Kind {
        let text_style = if style == ScalarStyle::Plain { Style::Plain } else { Style::Quoted };
        let resolved = match tag.core_suffix() {
            Some("str") => return Kind::String(value.to_owned(), Style::Quoted),
            Some("null" | "bool" | "int" | "float") => scalar::resolve(value),
            _ => {
                self.unsupported_tag(tag, span);
                return Kind::String(value.to_owned(), text_style);
            }
        };
        match (tag.core_suffix(), resolved) {
            (Some("null"), Some(kind @ Kind::Null))
            | (Some("bool"), Some(kind @ Kind::Bool(_)))
            | (Some("int" | "float"), Some(kind @ Kind::Number(_))) => kind,
            _ => {
                self.error(span, format!("the value doesn't fit its tag `{}`", tag.original()));
                Kind::Null
            }
        }
    }

    fn check_tag(&mut self, tag: Option<&Tag>, expected: &str, range: &Range<usize>) {
        if let Some(tag) = tag
            && tag.core_suffix() != Some(expected)
        {
            let span = self.span(range.clone());
            self.unsupported_tag(tag, span);
        }
    }

    fn unsupported_tag(&mut self, tag: &Tag, span: Span) {
        self.error(self.tag.unwrap_or(span), format!("the tag `{}` is not supported here", tag.original())).help =
            Some("leave it out".to_owned());
    }

    fn start(
        &mut self,
        content: Content,
        style: StructureStyle,
        anchor: usize,
        range: Range<usize>,
    ) -> Result<(), Stop> {
        let start = self.span(range);
        let before = Cost { nodes: self.nodes, text: self.text };
        self.spend(Cost { nodes: 1, text: 0 }, start)?;
        if self.open.len() >= MAX_DEPTH {
            self.error(start, format!("the file is nested too deeply: at most {MAX_DEPTH} levels"));
            return Err(Stop);
        }
        if anchor != 0 {
            self.anchors.insert(anchor, None);
        }
        self.open.push(Open { anchor, flow: style == StructureStyle::Flow, start, before, content });
        Ok(())
    }

    fn end(&mut self, range: Range<usize>) -> Result<(), Stop> {
        // The grammar gives an end for each start.
        let Some(open) = self.open.pop() else { return Err(Stop) };
        let (kind, first, last) = match open.content {
            Content::Sequence(items) => {
                let last = items.last().map(|item| item.span);
                (Kind::Sequence(items), None, last)
            }
            Content::Mapping { entries, .. } => {
                let first = entries.first().map(|(key, _)| key.span);
                let last = entries.iter().map(|(key, value)| key.span.to(value.span)).next_back();
                (Kind::Mapping(entries), first, last)
            }
        };
        let span = if open.flow {
            open.start.to(self.span(range))
        } else {
            let start = first.unwrap_or(open.start);
            // What an alias stands for may be anywhere before.
            last.filter(|last| last.end >= start.start).map_or(start, |last| start.to(last))
        };
        let node = Node { kind, span };
        let cost = Cost { nodes: self.nodes - open.before.nodes, text: self.text - open.before.text };
        if open.anchor != 0 {
            self.anchors.insert(open.anchor, Some((node.clone(), cost)));
        }
        if self.is_key() {
            self.error(span, format!("a key must be text, not {}", node.kind_name()));
            self.bad_key();
        } else {
            self.place(node);
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, range: Range<usize>) -> Result<(), Stop> {
        let span = self.span(range);
        match self.anchors.get(&anchor) {
            Some(Some((node, cost))) => {
                let cost = *cost;
                if self.nodes.saturating_add(cost.nodes) > MAX_NODES || self.text.saturating_add(cost.text) > MAX_TEXT {
                    return self.spend(cost, span);
                }
                let node = node.clone();
                self.spend(cost, span)?;
                if self.is_key() {
                    self.error(span, "an alias can't be a key").help = Some("write the key out".to_owned());
                    self.bad_key();
                } else {
                    self.place(node);
                }
            }
            _ => {
                self.error(span, "an alias can't be part of what it stands for");
                self.place(Node { kind: Kind::Null, span });
            }
        }
        Ok(())
    }

    /// Whether what comes next is a mapping's key.
    fn is_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { content: Content::Mapping { key: None, .. }, .. }))
    }

    fn bad_key(&mut self) {
        if let Some(Open { content: Content::Mapping { key, .. }, .. }) = self.open.last_mut() {
            *key = Some(Key::Bad);
        }
    }

    /// Takes a scalar as a key, if a key is due; the text as written is the key (`200`, `true`).
    fn place_key(&mut self, kind: &Kind, text: &str, plain: bool, span: Span) -> bool {
        if !self.is_key() {
            return false;
        }
        let merge = plain && text == "<<";
        if merge || matches!(kind, Kind::Null) {
            let (message, help) = if merge {
                ("merge keys are not supported: YAML 1.2 doesn't have them", "write the keys out")
            } else {
                ("a key is missing", "write a key before the `:`, in quotes if it is meant to be empty or `null`")
            };
            self.error(span, message).help = Some(help.to_owned());
            self.bad_key();
            return true;
        }
        let mut first = None;
        if let Some(Open { content: Content::Mapping { entries, places, key }, .. }) = self.open.last_mut() {
            first = places.get(text).map(|place| entries[*place].0.span);
            *key = Some(if first.is_some() { Key::Bad } else { Key::Good(Spanned::new(text.to_owned(), span)) });
        }
        if let Some(first) = first {
            self.repetitions += 1;
            let diagnostic = self.error(span, format!("the key `{}` comes twice", text::one_line(text)));
            diagnostic.label = Some("again here".to_owned());
            diagnostic.related.push((first, "first here".to_owned()));
            diagnostic.help = Some("remove one of the two".to_owned());
        }
        true
    }

    fn place(&mut self, node: Node) {
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::Sequence(items)) => items.push(node),
            Some(Content::Mapping { entries, places, key }) => {
                if let Some(Key::Good(name)) = key.take() {
                    places.insert(name.value.clone(), entries.len());
                    entries.push((name, node));
                }
            }
        }
    }
}
