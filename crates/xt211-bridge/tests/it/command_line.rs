//! The command line: help, version, usage, and the demo.

use insta::assert_snapshot;

use crate::support::{CORPUS, run, run_unread};

#[cfg(feature = "demo")]
#[tokio::test]
async fn help() {
    let help = run(&["--help"]).await;
    assert_eq!((help.code, &*help.stderr), (0, ""));
    assert_snapshot!(help.stdout);
    assert_eq!(run(&["-h"]).await.code, 0);
}

#[tokio::test]
async fn help_of_each_command() {
    for command in
        ["run", "check", "decode", "export", "forward", "set-aside", "purge", "config", "demo"]
    {
        if command == "demo" && cfg!(not(feature = "demo")) {
            continue;
        }
        let help = run(&[command, "--help"]).await;
        assert_eq!((help.code, &*help.stderr), (0, ""), "{command}");
        assert_snapshot!(format!("help_of_{command}"), help.stdout);
    }
}

#[tokio::test]
async fn help_of_each_thing_to_do_with_what_is_set_aside() {
    for action in ["list", "show", "release", "discard"] {
        let help = run(&["set-aside", action, "--help"]).await;
        assert_eq!((help.code, &*help.stderr), (0, ""), "{action}");
        assert_snapshot!(format!("help_of_set-aside_{action}"), help.stdout);
    }
}

#[tokio::test]
async fn version() {
    let version = run(&["--version"]).await;
    assert_eq!(version.code, 0);
    assert_eq!(version.stdout, concat!("xt211-bridge ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[tokio::test]
async fn wrong_usage() {
    for arguments in [
        &["fly"][..],
        &["--colour"],
        &["run", "extra"],
        &["decode", "--seconds"],
        &["forward"],
        &["forward", "--all", "--meter", "meter"],
        &["set-aside"],
        &["set-aside", "release"],
    ] {
        let usage = run(arguments).await;
        assert_eq!((usage.code, &*usage.stdout), (2, ""), "{arguments:?}");
        assert!(usage.stderr.contains("Usage: xt211-bridge"), "{}", usage.stderr);
    }
}

#[tokio::test]
async fn a_time_that_is_none() {
    for wrong in ["yesterday", "2026-02-30", "2026-02-21T20:27:09", "20:27"] {
        for arguments in [["export", "--from", wrong], ["forward", "--to", wrong]] {
            let usage = run(&arguments).await;
            assert_eq!((usage.code, &*usage.stdout), (2, ""), "{arguments:?}");
            let forms = "such as 2026-02-21T20:27:09Z, or a date such as 2026-02-21\n";
            assert!(usage.stderr.contains(forms), "{}", usage.stderr);
        }
    }
}

#[test]
fn nobody_has_to_read_to_the_end() {
    let decode = ["decode", &format!("{CORPUS}/seed-data.json")];
    let mut commands = vec![&["config"][..], &decode];
    if cfg!(feature = "demo") {
        commands.push(&["demo", "--seconds", "60"]);
    }
    for arguments in commands {
        let run = run_unread(arguments);
        assert_eq!((run.code, &*run.stderr), (0, ""), "{arguments:?}");
    }
}

#[cfg(feature = "demo")]
#[tokio::test]
async fn the_demo_shows_values_discovery_and_lines_and_ends() {
    use crate::support::run_in;

    let folder = tempfile::tempdir().unwrap();
    let demo = run_in(folder.path(), &["demo", "--seconds", "8"]).await;
    assert_eq!(demo.code, 0);
    assert!(!demo.stderr.contains("ERROR") && !demo.stderr.contains("panicked"), "{}", demo.stderr);
    let shows = |place: &str, text: &str| {
        let found = demo.stdout.lines().any(|line| line.starts_with(place) && line.contains(text));
        assert!(found, "no {text:?} at {place}:\n{}", demo.stdout);
    };
    shows("elektromer/data", "Total Import Energy 73");
    shows("elektromer/status", "status OK");
    shows("elektromer/status", "battery ");
    shows("homeassistant/", "discovery: XT211 Meter");
    shows("xt211/bridge/availability", "online");
    shows("xt211/meter/energy", "\"1.8.0\":");
    shows("xt211/meter/live", "\"16.7.0\":");
    shows("xt211/meter/module", "\"status\":\"OK\"");
    shows("xt211/meter/bridge", "\"influxdb\":\"OK\"");
    // From its history.
    shows("xt211/meter/bridge", "\"set_aside\":5");
    shows("InfluxDB", "home_energy,meter=5100025085 ");
    shows("InfluxDB", "xt211_status,meter=5100025085 ");
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(files.is_empty(), "nothing is kept: {files:?}");
}
