//! The keys of `oauth`.

use super::expect::{COOKIE, EXPECT};
use crate::decode::{Key, Shape, Table};

pub(crate) static OAUTH: Table = Table {
    name: "oauth",
    noun: "an `oauth`",
    doc: "A sign-in by OAuth 2: the authorization code grant (RFC 6749, section 4.1), as a browser sees it.",
    keys: &[
        Key::new("start", Shape::Text, "Where the client begins a sign-in: the address that its button leads to.")
            .required(),
        Key::new("provider", Shape::Text, "The provider's address; the authorization request must go to one under it.")
            .required(),
        Key::new(
            "client",
            Shape::Text,
            "The client's address; callback and landing must lie under it. Without it the origin of `start`.",
        ),
        Key::new(
            "redirect_uri",
            Shape::Text,
            "The redirect URI as it is registered with the provider; what the client asks for must be the very same.",
        )
        .required(),
        Key::new("sign_in", Shape::Table(&FORM), "The provider's login form; left alone by who is signed in already."),
        Key::new(
            "consent",
            Shape::Table(&FORM),
            "The provider's form that asks for consent; left alone where it doesn't.",
        ),
        Key::new(
            "session",
            Shape::Map(&Shape::Either(&[COOKIE_PRESENT, Shape::Table(&COOKIE)])),
            "The client's session cookies, by name, with what must hold of each once the user is signed in.",
        )
        .required(),
        Key::new(
            "again",
            Shape::Bool,
            "Whether the user signs in a second time, at a client that has forgotten them: nothing may be asked. \
             Without it `true`.",
        ),
        Key::new("refuses", Shape::Table(&REFUSES), "What the client must refuse at its callback."),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

const COOKIE_PRESENT: Shape = Shape::Word(&["exists"]);

pub(crate) static FORM: Table = Table {
    name: "form",
    noun: "a form",
    doc: "A form of the provider's, filled in as `submit` does it.",
    keys: &[
        Key::new("form", Shape::Text, "CSS selector of the form.").required(),
        Key::new("with", Shape::Map(&Shape::Scalar), "The fields to fill in; hidden ones come along."),
    ],
    exactly_one: &[],
    at_most_one: &[],
};

const TRIED: Shape = Shape::Either(&[Shape::Bool, Shape::Table(&EXPECT)]);

pub(crate) static REFUSES: Table = Table {
    name: "refuses",
    noun: "a `refuses`",
    doc: "What a client must refuse at its callback: whether it is tried, or how the refusal is seen. Refused is what \
          leaves no session behind.",
    keys: &[
        Key::new("forged_state", TRIED, "A good code with a state that the client didn't give out. Without it `true`."),
        Key::new(
            "error",
            TRIED,
            "`error=access_denied`, as a provider answers where the user says no. Without it `true`.",
        ),
        Key::new(
            "another_browser",
            TRIED,
            "A good code with its state, in a browser that never began to sign in: the state isn't its own. Without it \
             `false`.",
        ),
    ],
    exactly_one: &[],
    at_most_one: &[],
};
