//! What can be checked of a page without people: whether all of them can use it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::support::{browser::Browser, packages::program_of};

/// The rules, as a script for browsers; from npm, and kept once it is there.
const PACKAGE: &str = "axe-core@4.14.1";

/// What the rules are of: WCAG 2.0, 2.1 and 2.2, levels A and AA.
const RULES: &str = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']";

/// The rules, with all that it takes to ask a page about them.
pub(crate) struct Axe {
    script: String,
}

impl Axe {
    /// Gets it if it is not there.
    pub(crate) fn get() -> Self {
        let folder = cache().join(PACKAGE.replace('@', "-"));
        let script = folder.join("package/axe.min.js");
        if !script.exists() {
            fetch(&folder);
        }
        Self { script: fs::read_to_string(script).unwrap() }
    }

    /// Puts it into the page that is shown. What the page allows to be loaded does not matter to it.
    pub(crate) async fn enter(&self, page: &mut Browser) {
        page.evaluate(&format!("{};0", self.script)).await;
    }
}

/// What on the page is against the rules, one a line, once [Axe] has entered it.
pub(crate) async fn violations(page: &mut Browser) -> Vec<String> {
    let run = format!(
        "axe.run({{ runOnly: {RULES}, resultTypes: ['violations'] }}).then(it =>
            it.violations.flatMap(it => it.nodes.map(node =>
                `${{it.id}}: ${{node.html}} (${{node.failureSummary}})`)))"
    );
    let found = page.evaluate(&run).await;
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    found.as_array().unwrap().iter().map(text).collect()
}

/// Where what was fetched is kept; it may be deleted at any time.
fn cache() -> PathBuf {
    let ours = || PathBuf::from(env::var_os("HOME").unwrap()).join(".cache/xt211-bridge-ci");
    env::var_os("CI_CACHE").map_or_else(ours, PathBuf::from)
}

fn fetch(folder: &Path) {
    // Either all of it is there in the end, or nothing.
    fs::create_dir_all(folder.parent().unwrap()).unwrap();
    let partial = tempfile::tempdir_in(folder.parent().unwrap()).unwrap();
    let run = |command: &mut Command| {
        let output = command.current_dir(&partial).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(Command::new(program_of(&["npm"], "npm")).args(["pack", "--silent", PACKAGE]));
    let packed = format!("{}.tgz", PACKAGE.replace('@', "-"));
    run(Command::new("tar").args(["-xzf", &packed]));
    // Somebody else may have been faster, with the same.
    let _ = fs::rename(partial.path(), folder);
}

/// What is against the rules on purpose.
const BAD: &str = "document.documentElement.lang = 'en';
    document.title = 'Bad';
    document.body.innerHTML = '<input> <p style=\"color: #bbb\">pale</p>'";

#[tokio::test]
#[ignore = "needs Chromium: cargo test -p xt211-bridge --test browser -- --ignored"]
async fn what_is_against_the_rules_is_found() {
    let mut page = Browser::start().await;
    page.evaluate(BAD).await;
    Axe::get().enter(&mut page).await;
    let found = violations(&mut page).await;
    let names: Vec<_> = found.iter().filter_map(|it| it.split(':').next()).collect();
    assert_eq!(names, ["color-contrast", "label"], "{found:#?}");
}
