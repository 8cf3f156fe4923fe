//! A bridge that is killed: what it was told to be committed is there.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use xt211_store::{Opened, Store, StoreError};

use crate::fixture::{minute, total};

/// Tells the process that is to be killed which database to write to.
const DATABASE: &str = "XT211_STORE_TEST_DATABASE";

#[test]
fn what_was_committed_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut committed = 0;
    for round in 1..=5 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "crash::writes_until_it_is_killed", "--nocapture"])
            .env(DATABASE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let numbers = lines.filter_map(|line| line.unwrap().parse::<i64>().ok());
        committed = numbers.take(round * 10).last().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let Opened { store, damaged } = Store::open(&path).unwrap();
    assert_eq!(damaged, None);
    let waiting = store.waiting(usize::MAX).unwrap();
    assert!(waiting.len() >= usize::try_from(committed).unwrap());
    for (record, number) in waiting.iter().zip(1..) {
        assert_eq!(record.ticket.sequence(), number.into());
    }
}

/// No test of its own: what the one above starts and kills.
#[test]
fn writes_until_it_is_killed() {
    let Some(path) = env::var_os(DATABASE) else { return };
    let mut store = Store::open(Path::new(&path)).unwrap().store;
    loop {
        let sequence = store.write(|transaction| {
            let meter = transaction.add_meter("one", None)?;
            transaction.append_reading(meter, minute(1), &total(1), None)
        });
        // The line before this may be the test's name.
        println!("\n{}", i64::from(sequence.map_err(|error: StoreError| error).unwrap()));
    }
}
