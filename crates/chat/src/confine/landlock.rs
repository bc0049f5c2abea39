//! The rules, in the kernel's terms (landlock(7)).

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, NetPort, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

use super::Grants;
use super::system::{DEVICES, EXECUTE, READ};

/// The version without which no command is run: since Linux 5.13 files are decided over.
const REQUIRED: ABI = ABI::V1;

/// The newest that is made use of where the kernel has it: ports since version 4, signals and abstract sockets since 6.
const WANTED: ABI = ABI::V7;

/// Gives up, for this thread and what it starts, whatever isn't granted.
pub(super) fn restrict(grants: &Grants) -> Result<(), String> {
    let ruleset = ruleset().map_err(|error| format!("this kernel can't confine commands with Landlock: {error}"))?;
    let refused = |error: RulesetError| format!("Landlock refuses a rule: {error}");
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let execute = read | AccessFs::Execute;
    let mut rules = Rules(ruleset);
    // What is granted has to be there. What the system has is another matter.
    rules.add(&grants.execute, execute, true)?;
    rules.add(&grants.write, write(), true)?;
    rules.add(&grants.read, read, false)?;
    rules.add(&EXECUTE, execute, false)?;
    rules.add(&READ, read, false)?;
    rules.add(&DEVICES, AccessFs::ReadFile | AccessFs::WriteFile, false)?;
    let ports = grants.connect.iter().map(|port| Ok(NetPort::new(*port, AccessNet::ConnectTcp)));
    let ruleset = rules.0.add_rules(ports).map_err(refused)?;
    let status = ruleset.restrict_self().map_err(refused)?;
    if status.ruleset == RulesetStatus::NotEnforced || !status.no_new_privs {
        return Err("this kernel can't confine commands with Landlock".to_owned());
    }
    Ok(())
}

fn ruleset() -> Result<RulesetCreated, RulesetError> {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(REQUIRED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        .handle_access(AccessNet::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?;
    ruleset.create()
}

/// All that can be done to files and folders, but running them and making devices and sockets.
fn write() -> BitFlags<AccessFs> {
    let without =
        AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::MakeSock | AccessFs::IoctlDev;
    AccessFs::from_all(WANTED) & !without
}

struct Rules(RulesetCreated);

impl Rules {
    fn add<P: AsRef<Path>>(
        &mut self,
        paths: &[P],
        access: BitFlags<AccessFs>,
        is_required: bool,
    ) -> Result<(), String> {
        for path in paths.iter().map(AsRef::as_ref) {
            let opened = match PathFd::new(path) {
                Ok(opened) => opened,
                Err(error) if is_required => return Err(error.to_string()),
                Err(_) => continue,
            };
            // What is for folders can't be granted on a file.
            let access = if path.is_dir() { access } else { access & AccessFs::from_file(WANTED) };
            (&mut self.0)
                .add_rule(PathBeneath::new(opened, access))
                .map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(())
    }
}
