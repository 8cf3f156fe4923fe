//! Each example, run on the corpus of `xt211-message`.
#![allow(clippy::unwrap_used)]

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/xt211-message/corpus");

/// Runs an example, which cargo puts beside the folder of this test.
fn run(example: &str, arguments: &[&OsStr]) -> Output {
    let test = env::current_exe().unwrap();
    let build = test.ancestors().nth(2).unwrap();
    let program = build.join("examples").join(example).with_extension(env::consts::EXE_EXTENSION);
    assert!(program.exists(), "{} is not built: run `cargo test`", program.display());
    Command::new(program).args(arguments).output().unwrap()
}

/// What a successful run prints.
fn printed(example: &str, arguments: &[&OsStr]) -> String {
    let output = run(example, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{example} {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a failing run says.
fn complaint(example: &str, arguments: &[&OsStr]) -> String {
    let output = run(example, arguments);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    String::from_utf8(output.stderr).unwrap()
}

fn sample(name: &str) -> PathBuf {
    Path::new(CORPUS).join(name)
}

fn corpus() -> Vec<PathBuf> {
    let files = fs::read_dir(CORPUS).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension() == Some(OsStr::new("json"))).collect()
}

#[test]
fn durability() {
    let folder = tempfile::tempdir().unwrap();
    let text = printed("durability", &[folder.path().as_os_str(), OsStr::new("2000")]);
    assert_eq!(text.lines().count(), 5, "{text}");
    assert_eq!(text.matches(" readings a second in bursts of ").count(), 4, "{text}");
    // It leaves nothing behind.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn load() {
    for command in ["publish", "count", "acknowledge", "measure"] {
        let text = printed("load", &[command, "--help"].map(OsStr::new));
        assert!(text.contains(&format!("Usage: load {command} ")), "{text}");
    }
}

#[test]
fn obis() {
    let codes = ["1.8.2", "1-0:41.7.0*255", "96.14.0", "1-7:99.9.9.9"];
    assert_eq!(
        printed("obis", &codes.map(OsStr::new)),
        "1.8.2 (1-0:1.8.2.255): Import Energy Tariff 2, in kWh\n\
         41.7.0 (1-0:41.7.0.255): Active Power Import L2, in W\n\
         96.14.0 (0-0:96.14.0.255): Active Tariff\n\
         1-7:99.9.9.9 (1-7:99.9.9.9): unknown\n"
    );
    assert_eq!(
        complaint("obis", &[OsStr::new("1.8.x")]),
        "error: `1.8.x`: expected a number from 0 to 255, found `x` at byte 4\n"
    );
    assert_eq!(
        complaint("obis", &[]),
        "error: expected OBIS codes, such as 1.8.0 or 1-0:1.8.0*255\n"
    );
}

#[test]
fn message() {
    for file in corpus() {
        let json = printed("message", &[file.as_os_str()]);
        assert!(serde_json::from_str::<serde_json::Value>(&json).unwrap().is_object());
    }
    let missing = complaint("message", &[sample("missing.json").as_os_str()]);
    assert!(missing.contains("missing.json: "), "{missing}");
}

#[test]
fn line_protocol() {
    const SEED: &str = "home_energy,meter=5100025085 1_8_0=7369.066,1_8_1=1338.005,1_8_2=6031.06,1_8_3=0,1_8_4=0 1771705629000000000\n";
    let seed = sample("seed-data.json");
    assert_eq!(printed("line_protocol", &[seed.as_os_str()]), SEED);
    assert_eq!(printed("convert", &[seed.as_os_str(), OsStr::new("3")]), SEED);
    let state = printed("convert", &[OsStr::new("--state"), seed.as_os_str(), OsStr::new("3")]);
    // The third reading is two minutes later than the first.
    let line = SEED.replace("1771705629", "1771705749");
    let energy = "{\"96.1.1\":\"5100025085\",\"1.8.0\":7369.066,\"1.8.1\":1338.005,\"1.8.2\":6031.06,\"1.8.3\":0,\"1.8.4\":0}\n";
    assert_eq!(state, format!("{line}{energy}"));
    for file in corpus() {
        let lines = printed("line_protocol", &[file.as_os_str(), OsStr::new("meter")]);
        assert!(lines.lines().all(|line| line.contains(",meter=meter ")), "{lines}");
    }
    assert_eq!(
        complaint("line_protocol", &[sample("seed-status.json").as_os_str()]),
        "error: the message has no serial number: name the meter behind the file\n"
    );
    assert_eq!(
        complaint("convert", &[sample("seed-status.json").as_os_str(), OsStr::new("1")]),
        "error: expected a message with a reading\n"
    );
}

#[test]
fn home_assistant() {
    for file in corpus() {
        let messages = printed("home_assistant", &[file.as_os_str()]);
        assert!(messages.starts_with("homeassistant/device/xt211_meter/config\n{"), "{messages}");
    }
    let seed = printed("home_assistant", &[sample("seed-data.json").as_os_str()]);
    assert!(seed.contains("\"name\": \"Total Import Energy\""), "{seed}");
    assert!(seed.contains("xt211/meter/energy\n{\n"), "{seed}");
}
