//! From files to faults: each with a name of its own, and with all that it uses.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use scenario::{Diagnostic, Source, Spanned};

use super::read::{Draft, draft};
use super::{Expectation, Fault};

/// Reads a fault file beside the others, by its path; `None` where there is none.
pub type Beside<'a> = &'a dyn Fn(&Path) -> Option<Result<Arc<Source>, Diagnostic>>;

/// Reads these files, in their order. A fault that uses others finds them in the files beside its own, which `beside` reads
/// where they aren't among these: `None` where there is no such file.
///
/// # Errors
/// All that is wrong with any of them; two faults of one name; a used fault that isn't there, or contradicts another.
pub fn read_all(sources: &[Arc<Source>], beside: Beside<'_>) -> Result<Vec<Fault>, Vec<Diagnostic>> {
    let (mut drafts, mut errors) = (Vec::new(), Vec::new());
    let mut files: BTreeMap<String, &str> = BTreeMap::new();
    for source in sources {
        match draft(source) {
            Ok(draft) => {
                if let Some(other) = files.insert(draft.fault.id.clone(), &source.name) {
                    let message = format!("{}: there is another fault `{}`", source.name, draft.fault.id);
                    let help = "give each a name of its own: reports and scores go by it";
                    errors.push(Diagnostic::new(message).found(format!("the other is {other}")).help(help));
                }
                drafts.push((source, draft));
            }
            Err(found) => errors.extend(found),
        }
    }
    let mut faults = Vec::new();
    for (source, draft) in &drafts {
        match united(source, draft, beside) {
            Ok(fault) => faults.push(fault),
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() { Ok(faults) } else { Err(errors) }
}

/// The fault with all that it uses.
fn united(source: &Arc<Source>, draft: &Draft, beside: Beside<'_>) -> Result<Fault, Vec<Diagnostic>> {
    let mut fault = draft.fault.clone();
    let mut used = Vec::new();
    for name in &draft.uses {
        let other = find(source, name, beside)?;
        fault.inject = fault.inject.united(other.inject).map_err(|what| {
            let message = format!("`{}` contradicts what is there beside it: both say what {what} is", name.value);
            vec![Diagnostic::at(source, name.span, message).help("leave one of them out")]
        })?;
        used.push(other.expect);
    }
    if fault.expect.is_none() && !used.is_empty() {
        fault.expect = Expectation::of_all(used.iter().map(Option::as_ref));
    }
    Ok(fault)
}

fn find(source: &Arc<Source>, name: &Spanned<String>, beside: Beside<'_>) -> Result<Fault, Vec<Diagnostic>> {
    let file = Path::new(&source.name).with_file_name(format!("{}.yaml", name.value));
    let is_name = !name.value.contains(['/', '\\']);
    let Some(read) = is_name.then(|| beside(&file)).flatten() else {
        let message = format!("there is no fault `{}` to use", name.value.escape_debug());
        let help = "`use` takes the names of files beside this one, without `.yaml`";
        return Err(vec![Diagnostic::at(source, name.span, message).help(help)]);
    };
    let found = draft(&read.map_err(|error| vec![error])?)?;
    if found.uses.is_empty() {
        return Ok(found.fault);
    }
    let message = format!("`{}` itself uses others", name.value);
    Err(vec![Diagnostic::at(source, name.span, message).help("name those that it uses")])
}
