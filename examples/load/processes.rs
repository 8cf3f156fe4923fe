//! Other processes: started, watched, ended.

use std::{
    fs,
    process::{Child, Command},
};

use xt211_examples::Failure;

/// A process that ends with us.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self, Failure> {
        let name = command.get_program().to_string_lossy().into_owned();
        Ok(Self(command.spawn().map_err(|error| format!("{name}: {error}"))?))
    }

    /// The seconds of processor time that it has taken.
    pub(crate) fn processor_seconds(&self) -> Result<f64, Failure> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        // What is before may contain blanks.
        let (_, fields) = stat.rsplit_once(") ").ok_or("/proc/…/stat: expected a name")?;
        let mut times = fields.split(' ').skip(11);
        let mut ticks = || times.next().unwrap_or_default().parse::<u32>();
        // There are 100 a second on every Linux.
        Ok(f64::from(ticks()? + ticks()?) / 100.0)
    }

    /// The most memory that it has had at once, in MiB.
    pub(crate) fn peak_memory(&self) -> Result<f64, Failure> {
        self.memory("VmHWM")
    }

    /// Its memory, in MiB: what is its own, and what of files is in it, its program above all.
    pub(crate) fn memory_now(&self) -> Result<(f64, f64), Failure> {
        Ok((self.memory("RssAnon")?, self.memory("RssFile")?))
    }

    fn memory(&self, name: &str) -> Result<f64, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kibibytes: u32 = kibibytes.ok_or("/proc/…/status: expected a size")?.parse()?;
        Ok(f64::from(kibibytes) / 1_024.0)
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn end(&mut self) -> Result<(), Failure> {
        let pid = self.0.id().to_string();
        Command::new("kill").arg(pid).status()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // If it has ended, there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
