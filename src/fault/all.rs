//! From files to faults: each with a name of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use scenario::{Diagnostic, Source};

use super::{Fault, read};

/// Reads these files, in their order.
///
/// # Errors
/// All that is wrong with any of them; two faults of one name.
pub fn read_all(sources: &[Arc<Source>]) -> Result<Vec<Fault>, Vec<Diagnostic>> {
    let (mut faults, mut errors) = (Vec::new(), Vec::new());
    let mut files: BTreeMap<String, &str> = BTreeMap::new();
    for source in sources {
        match read(source) {
            Ok(fault) => {
                if let Some(other) = files.insert(fault.id.clone(), &source.name) {
                    let message = format!("{}: there is another fault `{}`", source.name, fault.id.escape_debug());
                    let help = "give each a name of its own: reports and scores go by it";
                    errors.push(Diagnostic::new(message).found(format!("the other is {other}")).help(help));
                }
                faults.push(fault);
            }
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() { Ok(faults) } else { Err(errors) }
}
