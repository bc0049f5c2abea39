//! Running the recipes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use bollard::Docker;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use verdict::evidence::Trouble;

use super::catalog::CATALOG;
use super::recipe::{RECIPE_LABEL, RECIPES, Recipe, project};
use crate::stack::containers::engine::connect;

/// How many of a failed recipe's last lines go with the trouble.
const LOG_LINES: usize = 20;

/// Where the recipes work: `$XDG_CACHE_HOME/edge-smoke/images`, else below `$HOME/.cache`, else below the folder
/// for temporary files. `variable` gives an environment variable's value.
pub fn cache_directory(variable: &dyn Fn(&str) -> Option<String>) -> PathBuf {
    // The XDG base directory specification wants relative paths ignored.
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    cache.or_else(|| absolute("TMPDIR")).unwrap_or_else(|| PathBuf::from("/tmp")).join("edge-smoke").join("images")
}

/// Builds images by their recipes, each after the one that it starts from, and gives the images' names. `names` are
/// recipes (`caddy`) or services (`edge`); none is all of them. An image that this very recipe has built already stays,
/// unless all are to be built `anew`. This project's sources are looked for at `start` and above. Every line that a recipe says goes
/// to `progress`.
///
/// # Errors
/// No engine answers; a name that is neither; a recipe that failed, with its last lines.
pub async fn build(
    names: &[String],
    anew: bool,
    cache: &Path,
    start: &Path,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<Vec<&'static str>, Trouble> {
    let (docker, _) = connect().await?;
    let mut built = Vec::new();
    for recipe in select(names)? {
        let project = project_of(recipe, start)?;
        let fingerprint = recipe.fingerprint(project).map_err(|error| unreadable(recipe, &error))?;
        if !anew && is_current(&docker, recipe, &fingerprint).await {
            progress(&format!("{}: {} is up to date", recipe.name, recipe.image));
            continue;
        }
        run(recipe, &fingerprint, project, &cache.join(recipe.name), progress).await?;
        built.push(recipe.image);
    }
    Ok(built)
}

/// Whether the engine has the image as this recipe builds it. An image that others publish too is current if it is there.
async fn is_current(docker: &Docker, recipe: &Recipe, fingerprint: &str) -> bool {
    let Ok(image) = docker.inspect_image(recipe.image).await else { return false };
    let labels = image.config.and_then(|config| config.labels).unwrap_or_default();
    let is_ours = recipe.image.starts_with("edge-smoke/");
    !is_ours || labels.get(RECIPE_LABEL).is_some_and(|label| label == fingerprint)
}

/// The project's folder, for recipes that need one; for others any will do.
fn project_of<'a>(recipe: &Recipe, start: &'a Path) -> Result<&'a Path, Trouble> {
    if recipe.sources.is_empty() {
        return Ok(start);
    }
    project(start).ok_or_else(|| Trouble {
        service: None,
        message: format!("the recipe {} for the image {} needs the sources of edge-smoke", recipe.name, recipe.image),
        help: Some("run it in a checkout of the project".to_owned()),
        log: Vec::new(),
    })
}

fn unreadable(recipe: &Recipe, error: &std::io::Error) -> Trouble {
    let message = format!("the sources of the image {} can't be read: {error}", recipe.image);
    Trouble { service: None, message, help: None, log: Vec::new() }
}

/// The recipes to run, each after the one that it starts from.
fn select(names: &[String]) -> Result<Vec<&'static Recipe>, Trouble> {
    let mut wanted: Vec<&Recipe> = Vec::new();
    for name in names {
        let by_service = CATALOG.iter().find(|entry| entry.service.as_str() == name).map(|entry| entry.recipe);
        let by_name = RECIPES.iter().copied().find(|recipe| recipe.name == name);
        let Some(recipe) = by_name.or(by_service) else { return Err(unknown(name)) };
        wanted.push(recipe);
    }
    let is_wanted = |recipe: &Recipe| {
        names.is_empty()
            || wanted
                .iter()
                .any(|wanted| wanted.name == recipe.name || wanted.base.is_some_and(|base| base.name == recipe.name))
    };
    Ok(RECIPES.iter().copied().filter(|recipe| is_wanted(recipe)).collect())
}

fn unknown(name: &str) -> Trouble {
    let services = CATALOG.iter().map(|entry| entry.service.as_str());
    let known: Vec<&str> = RECIPES.iter().map(|recipe| recipe.name).chain(services).collect();
    Trouble {
        service: None,
        message: format!("there is no recipe for an image `{name}`"),
        help: Some(format!("expected one of {}", known.join(", "))),
        log: Vec::new(),
    }
}

async fn run(
    recipe: &Recipe,
    fingerprint: &str,
    project: &Path,
    work: &Path,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<(), Trouble> {
    let failed = |message: String, log: Vec<String>| Trouble {
        service: None,
        message: format!("the recipe {} for the image {} failed: {message}", recipe.name, recipe.image),
        help: None,
        log,
    };
    let folder = unpack(recipe, work).map_err(|error| failed(format!("{}: {error}", work.display()), Vec::new()))?;
    let child = Command::new("sh")
        .arg(folder.join("build.sh"))
        .env("EDGE_SMOKE_WORK", work)
        .env("EDGE_SMOKE_IMAGE", recipe.image)
        .env("EDGE_SMOKE_RECIPE", fingerprint)
        .env("EDGE_SMOKE_PROJECT", project)
        // As this program was built: what that needed is there already.
        .env("EDGE_SMOKE_PROFILE", if cfg!(debug_assertions) { "dev" } else { "release" })
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = child.map_err(|error| failed(format!("sh can't be run: {error}"), Vec::new()))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (_, said) = tokio::join!(forward(stdout, progress), forward(stderr, progress));
    let status = child.wait().await.map_err(|error| failed(error.to_string(), Vec::new()))?;
    if status.success() { Ok(()) } else { Err(failed(status.to_string(), said)) }
}

/// Passes lines on as they come, and gives the last of them.
async fn forward(stream: Option<impl AsyncRead + Unpin>, progress: &(dyn Fn(&str) + Send + Sync)) -> Vec<String> {
    let mut last = std::collections::VecDeque::with_capacity(LOG_LINES);
    let Some(stream) = stream else { return Vec::new() };
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).await.is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        progress(&text);
        if last.len() == LOG_LINES {
            last.pop_front();
        }
        last.push_back(text);
        line.clear();
    }
    last.into()
}

/// Writes the recipe's files below `work`, and gives their folder.
fn unpack(recipe: &Recipe, work: &Path) -> std::io::Result<PathBuf> {
    let folder = work.join("recipe");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    for (path, content) in recipe.files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, content)?;
        make_executable(&path)?;
    }
    Ok(folder)
}

/// Dockerfiles copy scripts with the mode that they have here.
#[cfg(unix)]
fn make_executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let is_script = path.extension().is_some_and(|extension| extension == "sh");
    fs::set_permissions(path, fs::Permissions::from_mode(if is_script { 0o755 } else { 0o644 }))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn selected(names: &[&str]) -> Result<Vec<&'static str>, String> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        select(&names)
            .map(|recipes| recipes.iter().map(|recipe| recipe.name).collect())
            .map_err(|trouble| trouble.message)
    }

    #[test]
    fn a_recipe_comes_with_what_it_starts_from() {
        assert_eq!(selected(&[]), Ok(vec!["debian", "caddy", "gitea", "double", "chat"]));
        assert_eq!(selected(&["forge"]), Ok(vec!["debian", "gitea"]));
        assert_eq!(selected(&["edge", "caddy", "staging"]), Ok(vec!["debian", "caddy"]));
        assert_eq!(selected(&["chat"]), Ok(vec!["debian", "chat"]));
        assert_eq!(selected(&["ci", "ci-agent"]), Ok(vec!["double"]));
        assert_eq!(selected(&["debian"]), Ok(vec!["debian"]));
        assert_eq!(selected(&["mastodon"]), Err("there is no recipe for an image `mastodon`".to_owned()));
    }

    #[test]
    fn the_cache_is_where_the_specification_says() {
        let with = |pairs: &'static [(&str, &str)]| {
            cache_directory(&move |name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(with(&[("XDG_CACHE_HOME", "/c"), ("HOME", "/h")]), Path::new("/c/edge-smoke/images"));
        assert_eq!(with(&[("XDG_CACHE_HOME", "relative"), ("HOME", "/h")]), Path::new("/h/.cache/edge-smoke/images"));
        assert!(with(&[]).ends_with("edge-smoke/images"));
    }

    const SAYS: Recipe = Recipe {
        name: "says",
        image: "nothing:0",
        base: None,
        files: &[
            ("build.sh", "echo \"$EDGE_SMOKE_IMAGE\"; cat \"$(dirname \"$0\")/a/b\"; echo no gcc >&2; exit 3"),
            ("a/b", "content\n"),
        ],
        sources: &[],
        doubles: false,
    };

    #[tokio::test]
    async fn a_failed_recipe_gives_its_last_lines() {
        let folder = tempfile::tempdir().unwrap();
        let lines = Mutex::new(Vec::new());
        let result =
            run(&SAYS, "0", folder.path(), folder.path(), &|line| lines.lock().unwrap().push(line.to_owned())).await;
        let trouble = result.unwrap_err();
        assert_eq!(trouble.message, "the recipe says for the image nothing:0 failed: exit status: 3");
        assert_eq!(trouble.log, ["no gcc"]);
        let mut lines = lines.into_inner().unwrap();
        lines.sort();
        assert_eq!(lines, ["content", "no gcc", "nothing:0"]);
    }

    /// A folder with the ordinary tools and the ones named, which do nothing and say that it failed; for `PATH`.
    #[cfg(unix)]
    fn tools(failing: &[&str]) -> tempfile::TempDir {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let ordinary = ["cat", "cp", "dirname", "grep", "head", "id", "mkdir", "rm"];
        let real = |name: &&str| {
            ["/usr/bin", "/bin"].iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists())
        };
        for (name, path) in ordinary.iter().filter_map(|name| Some((name, real(name)?))) {
            symlink(path, folder.path().join(name)).unwrap();
        }
        for name in failing {
            symlink(real(&"false").unwrap(), folder.path().join(name)).unwrap();
        }
        folder
    }

    #[cfg(unix)]
    #[test]
    fn a_recipe_names_the_tool_that_it_misses() {
        use crate::images::recipe::{CADDY, CHAT, DEBIAN, DOUBLE, GITEA};
        let cases: [(&Recipe, &[&str], &str); 9] = [
            (&DEBIAN, &[], "docker"),
            (&DEBIAN, &["docker"], "debootstrap"),
            (&CADDY, &[], "docker"),
            (&CADDY, &["docker"], "go"),
            (&GITEA, &["docker"], "go"),
            (&GITEA, &["docker", "go"], "gcc"),
            (&DOUBLE, &["docker"], "cargo"),
            (&DOUBLE, &["docker", "cargo"], "ldd"),
            (&CHAT, &["docker", "cargo", "ldd"], "npm"),
        ];
        for (recipe, there, missing) in cases {
            let (work, tools) = (tempfile::tempdir().unwrap(), tools(there));
            let script = unpack(recipe, work.path()).unwrap().join("build.sh");
            let mut command = std::process::Command::new("/bin/sh");
            command.arg(script).env("PATH", tools.path()).env("EDGE_SMOKE_WORK", work.path());
            let output = command.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(1), "{said}");
            let expected = format!("{}: '{missing}' is not installed, and this recipe needs it: ", recipe.name);
            assert!(said.contains(&expected), "{expected}\n{said}");
        }
    }

    #[test]
    fn a_double_is_another_with_any_of_its_sources_and_is_built_in_a_checkout_alone() {
        use crate::images::recipe::DOUBLE;
        let folder = tempfile::tempdir().unwrap();
        assert!(project_of(&DOUBLE, folder.path()).unwrap_err().message.contains("needs the sources"));
        for path in DOUBLE.sources {
            let path = folder.path().join(path);
            let path = if path.extension().is_none() { path.join("deep/lib.rs") } else { path };
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let inside = folder.path().join("crates/doubles/src");
        assert_eq!(project_of(&DOUBLE, &inside).unwrap(), folder.path());
        let before = DOUBLE.fingerprint(folder.path()).unwrap();
        assert_eq!(DOUBLE.fingerprint(folder.path()).unwrap(), before);
        fs::write(inside.join("deep/lib.rs"), "changed").unwrap();
        assert_ne!(DOUBLE.fingerprint(folder.path()).unwrap(), before);
        // This very project has them.
        DOUBLE.fingerprint(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    }

    #[test]
    fn every_recipe_has_its_script() {
        for recipe in RECIPES {
            assert!(recipe.files.iter().any(|(path, _)| *path == "build.sh"), "{}", recipe.name);
        }
    }
}
