//! What a mapping may have in it, as data: the decoder checks files against it and the JSON Schema is made of it, so
//! that the two can't drift apart.

/// The keys of one kind of mapping.
#[derive(Debug)]
pub struct Table {
    /// Its name in the JSON Schema, such as `step`.
    pub name: &'static str,
    /// What it is called in messages, with its article: `a step`.
    pub noun: &'static str,
    /// What it is, for editors.
    pub doc: &'static str,
    /// The keys, in the order in which they are listed.
    pub keys: &'static [Key],
    /// Keys of which exactly one must be there. Empty: no such rule.
    pub exactly_one: &'static [&'static str],
    /// Keys of which at most one may be there. Empty: no such rule.
    pub at_most_one: &'static [&'static str],
}

/// One key of a mapping.
#[derive(Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// What it says, for editors.
    pub doc: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// It must be there.
    pub required: bool,
    /// It makes sense only beside one of these. Empty: always.
    pub beside: &'static [&'static str],
}

impl Key {
    /// A key that may be there.
    pub const fn new(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { name, doc, shape, required: false, beside: &[] }
    }

    /// The same, but it must be there.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same, but it makes sense only beside one of these.
    #[must_use]
    pub const fn beside(self, others: &'static [&'static str]) -> Self {
        Self { beside: others, ..self }
    }
}

impl Table {
    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// What a value looks like.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Text.
    Text,
    /// Text, a number or a boolean, taken as text.
    Scalar,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `null`, or nothing.
    Null,
    /// A boolean.
    Bool,
    /// `true`.
    True,
    /// A whole number within these bounds, both included.
    Integer(i64, i64),
    /// Any number.
    Number,
    /// A duration, such as `500ms`.
    Duration,
    /// Anything at all.
    Any,
    /// A list of at least one.
    List(&'static Shape),
    /// A mapping whose keys the author chooses.
    Map(&'static Shape),
    /// A mapping with these keys.
    Table(&'static Table),
    /// One of several.
    Either(&'static [Shape]),
    /// A shape with a name of its own in the JSON Schema; shapes that contain themselves need one.
    Named(&'static str, &'static Shape),
}
