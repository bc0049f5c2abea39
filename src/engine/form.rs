//! A form of a page, filled in and made into a request, as a browser does it (HTML standard, form submission).

use scraper::{ElementRef, Html, Selector};

/// How a form is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `application/x-www-form-urlencoded`.
    UrlEncoded,
    /// `multipart/form-data`.
    Multipart,
    /// `text/plain`.
    Plain,
}

/// A form, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilledForm {
    /// `GET` or `POST`.
    pub method: String,
    /// The form's own action, resolved against the page; not normalised further than a browser would.
    pub action: String,
    /// The encoding of the content.
    pub encoding: Encoding,
    /// Names and values in the order of the page.
    pub fields: Vec<(String, String)>,
}

/// Why a form can't be submitted. Each is for the author of the scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormError {
    /// No form fits the selector; the forms that are there, described.
    Missing {
        /// The forms of the page.
        there: Vec<String>,
    },
    /// What fits isn't a form.
    NotAForm {
        /// The element's name.
        element: String,
    },
    /// Several forms fit.
    Ambiguous {
        /// Those that fit, described.
        fitting: Vec<String>,
    },
    /// A field that the form doesn't have.
    UnknownField {
        /// Its place among the given fields.
        index: usize,
        /// The names that the form has.
        known: Vec<String>,
    },
    /// The action is no address.
    Action {
        /// Why not.
        reason: String,
    },
}

/// Fills in and submits the form that `selector` finds on the page at `page_url`.
///
/// # Errors
/// [`FormError`], where no request can be made of it.
pub fn submit(
    document: &Html,
    page_url: &str,
    selector: &Selector,
    with: &[(String, String)],
) -> Result<FilledForm, FormError> {
    let found: Vec<ElementRef<'_>> = document.select(selector).collect();
    let form = match found.as_slice() {
        [] => return Err(FormError::Missing { there: forms(document) }),
        [form] if form.value().name() == "form" => *form,
        [element, others @ ..] if others.iter().chain([element]).all(|other| other.value().name() != "form") => {
            return Err(FormError::NotAForm { element: element.value().name().to_owned() });
        }
        several => return Err(FormError::Ambiguous { fitting: several.iter().map(|form| describe(*form)).collect() }),
    };
    let controls = controls(document, form);
    let known = known_names(&controls);
    for (index, (name, _)) in with.iter().enumerate() {
        if !known.contains(name) {
            return Err(FormError::UnknownField { index, known });
        }
    }
    let button = controls.iter().copied().find(|control| is_submit_button(*control));
    let attribute = |name: &str, over: &str| {
        let own = button.and_then(|button| button.attr(over));
        own.or_else(|| form.attr(name)).unwrap_or_default().trim().to_owned()
    };
    let method = if attribute("method", "formmethod").eq_ignore_ascii_case("post") { "POST" } else { "GET" };
    let encoding = match attribute("enctype", "formenctype").to_ascii_lowercase().as_str() {
        "multipart/form-data" => Encoding::Multipart,
        "text/plain" => Encoding::Plain,
        _ => Encoding::UrlEncoded,
    };
    Ok(FilledForm {
        method: method.to_owned(),
        action: resolve(document, page_url, &attribute("action", "formaction"))?,
        encoding,
        fields: entries(&controls, button, with),
    })
}

/// The forms of a page, described.
pub fn forms(document: &Html) -> Vec<String> {
    select(document, "form").map(describe).collect()
}

/// The action's address: empty means the page's own, anything else is relative to it or to the page's `<base>`.
fn resolve(document: &Html, page_url: &str, action: &str) -> Result<String, FormError> {
    let bad = |error: url::ParseError| FormError::Action { reason: format!("`{action}` is no address: {error}") };
    let page = url::Url::parse(page_url).map_err(bad)?;
    if action.is_empty() {
        return Ok(page.to_string());
    }
    let base = select(document, "base[href]").next().and_then(|base| base.attr("href"));
    let base = base.map_or(Ok(page.clone()), |href| page.join(href)).map_err(bad)?;
    Ok(base.join(action).map_err(bad)?.to_string())
}

/// The controls that belong to the form, disabled ones excepted, in the order of the page.
fn controls<'a>(document: &'a Html, form: ElementRef<'a>) -> Vec<ElementRef<'a>> {
    let form_id = form.attr("id");
    select(document, "input, select, textarea, button")
        .filter(|control| match control.attr("form") {
            Some(owner) => Some(owner) == form_id,
            None => ancestors(*control).any(|ancestor| ancestor == form),
        })
        .filter(|control| control.attr("disabled").is_none())
        .filter(|control| {
            !ancestors(*control)
                .any(|ancestor| ancestor.value().name() == "fieldset" && ancestor.attr("disabled").is_some())
        })
        .collect()
}

fn ancestors(element: ElementRef<'_>) -> impl Iterator<Item = ElementRef<'_>> {
    element.ancestors().filter_map(ElementRef::wrap)
}

fn known_names(controls: &[ElementRef<'_>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in controls.iter().filter_map(|control| control.attr("name")) {
        if !name.is_empty() && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The entry list: what the page says, with the user's values in place of the page's.
fn entries(
    controls: &[ElementRef<'_>],
    button: Option<ElementRef<'_>>,
    with: &[(String, String)],
) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    let mut used: Vec<&str> = Vec::new();
    for control in controls {
        let Some(name) = control.attr("name").filter(|name| !name.is_empty()) else { continue };
        let given: Vec<&String> = with.iter().filter(|(key, _)| key == name).map(|(_, value)| value).collect();
        if !given.is_empty() {
            if !used.contains(&name) {
                used.push(name);
                entries.extend(given.into_iter().map(|value| (name.to_owned(), value.clone())));
            }
            continue;
        }
        entries.extend(own_values(*control, button).into_iter().map(|value| (name.to_owned(), value)));
    }
    entries
}

/// What a control sends when the user leaves it alone.
fn own_values(control: ElementRef<'_>, button: Option<ElementRef<'_>>) -> Vec<String> {
    let value = || control.attr("value").unwrap_or_default().to_owned();
    match (control.value().name(), input_type(control).as_str()) {
        ("select", _) => selected(control),
        ("textarea", _) => {
            let text: String = control.text().collect();
            vec![text.strip_prefix('\n').unwrap_or(&text).replace("\r\n", "\n").replace('\n', "\r\n")]
        }
        ("button", _) | (_, "submit") => {
            if button == Some(control) {
                vec![value()]
            } else {
                Vec::new()
            }
        }
        (_, "checkbox" | "radio") => {
            if control.attr("checked").is_some() {
                vec![control.attr("value").unwrap_or("on").to_owned()]
            } else {
                Vec::new()
            }
        }
        (_, "button" | "reset" | "image" | "file") => Vec::new(),
        _ => vec![value()],
    }
}

fn selected(control: ElementRef<'_>) -> Vec<String> {
    let options: Vec<ElementRef<'_>> =
        descendants(control, "option").filter(|option| option.attr("disabled").is_none()).collect();
    let value = |option: &ElementRef<'_>| {
        option.attr("value").map_or_else(|| option.text().collect::<String>().trim().to_owned(), str::to_owned)
    };
    let chosen: Vec<String> = options.iter().filter(|option| option.attr("selected").is_some()).map(value).collect();
    if control.attr("multiple").is_some() {
        return chosen;
    }
    chosen.into_iter().next_back().or_else(|| options.first().map(value)).into_iter().collect()
}

fn input_type(control: ElementRef<'_>) -> String {
    control.attr("type").unwrap_or_default().to_ascii_lowercase()
}

/// The form's default button is the first submit button in the order of the page.
fn is_submit_button(control: ElementRef<'_>) -> bool {
    match control.value().name() {
        "button" => matches!(input_type(control).as_str(), "" | "submit"),
        "input" => input_type(control) == "submit",
        _ => false,
    }
}

/// `form#login method=post action=/user/login`, for messages.
fn describe(form: ElementRef<'_>) -> String {
    let mut text = form.value().name().to_owned();
    for name in ["id", "class", "method", "action"] {
        if let Some(value) = form.attr(name) {
            text.push_str(&format!(" {name}=\"{value}\""));
        }
    }
    text
}

fn select<'a>(document: &'a Html, selector: &str) -> impl Iterator<Item = ElementRef<'a>> {
    descendants(document.root_element(), selector)
}

fn descendants<'a>(element: ElementRef<'a>, selector: &str) -> impl Iterator<Item = ElementRef<'a>> {
    let selector = Selector::parse(selector).ok();
    let found: Vec<ElementRef<'a>> = selector.map(|selector| element.select(&selector).collect()).unwrap_or_default();
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAGE: &str = r#"<!doctype html><body>
      <form id="search" action="/forge/explore"><input name="q"></form>
      <form class="ui form" action="/forge/user/login" method="post">
        <input type="hidden" name="_csrf" value="a&amp;b">
        <input name="user_name" value=""><input name="password" type="password">
        <input type="checkbox" name="remember"><input type="checkbox" name="news" checked value="yes">
        <fieldset disabled><input name="off" value="1"></fieldset>
        <select name="lang"><option value="de">Deutsch<option value="en" selected>English</select>
        <textarea name="note">
a
b</textarea>
        <button name="go" value="1">Sign in</button><button name="other" value="2">Other</button>
      </form><input name="late" form="search" value="x">"#;

    fn sent(selector: &str, with: &[(&str, &str)]) -> Result<FilledForm, FormError> {
        let with: Vec<_> = with.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        submit(
            &Html::parse_document(PAGE),
            "http://edge.test/forge/user/login?x=1",
            &Selector::parse(selector).unwrap(),
            &with,
        )
    }

    fn pairs(form: &FilledForm) -> String {
        form.fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn hidden_fields_and_the_default_button_come_along() {
        let form = sent("form[action$='/user/login']", &[("user_name", "smoke"), ("password", "p w")]).unwrap();
        assert_eq!(form.method, "POST");
        assert_eq!(form.action, "http://edge.test/forge/user/login");
        assert_eq!(pairs(&form), "_csrf=a&b user_name=smoke password=p w news=yes lang=en note=a\r\nb go=1");
    }

    #[test]
    fn a_checkbox_and_a_hidden_field_can_be_given() {
        let form = sent("form.ui", &[("remember", "on"), ("_csrf", "forged")]).unwrap();
        assert_eq!(pairs(&form), "_csrf=forged user_name= password= remember=on news=yes lang=en note=a\r\nb go=1");
    }

    #[test]
    fn a_control_elsewhere_can_belong_to_a_form() {
        assert_eq!(pairs(&sent("#search", &[]).unwrap()), "q= late=x");
    }

    #[test]
    fn what_is_not_there_is_said_with_what_is() {
        assert_eq!(
            sent("form#nosuch", &[]),
            Err(FormError::Missing {
                there: vec![
                    r#"form id="search" action="/forge/explore""#.into(),
                    r#"form class="ui form" method="post" action="/forge/user/login""#.into(),
                ]
            })
        );
        assert!(matches!(sent("form", &[]), Err(FormError::Ambiguous { fitting }) if fitting.len() == 2));
        assert!(matches!(sent("#search input", &[]), Err(FormError::NotAForm { element }) if element == "input"));
        assert_eq!(
            sent("#search", &[("query", "x")]),
            Err(FormError::UnknownField { index: 0, known: vec!["q".into(), "late".into()] })
        );
        assert!(matches!(sent("form.ui", &[("off", "2")]), Err(FormError::UnknownField { .. })));
    }

    proptest! {
        #[test]
        fn any_page_is_survived(html in "(<(form|input|select|option|textarea|button|fieldset)( (name|value|type|action|form|disabled)=\"?[a-z/:%]{0,6}\"?){0,3}>|[a-z<>&\"]{0,5}){0,20}") {
            let _ = submit(&Html::parse_document(&html), "http://edge.test/", &Selector::parse("form").unwrap(), &[]);
        }
    }
}
