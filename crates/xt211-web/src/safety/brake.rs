//! The brake on guessing.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use tokio::time::Instant;

/// For one who tries: ten wrong passwords are free, then the time between two doubles.
const ONE: Pace = Pace { free: 10, longest: 300, forgiven_after: Duration::from_secs(600) };
/// For all together: so that many addresses are not a way around it.
const ALL: Pace = Pace { free: 100, longest: 10, forgiven_after: Duration::from_secs(10) };
/// How many of those who try are told apart.
const MOST_PEERS: usize = 1024;
/// How many of those who knew the password are remembered.
const MOST_KNOWN: usize = 64;

/// The brake on guessing. An attempt counts as a failure as soon as it begins, so that many at once
/// are no way around it, and is forgiven when it was right.
#[derive(Debug, Default)]
pub(crate) struct Brake {
    peers: HashMap<IpAddr, Failures>,
    all: Failures,
    /// Those who knew the password do not wait for what strangers do.
    known: VecDeque<IpAddr>,
}

/// How often may be tried.
struct Pace {
    /// So many failures make nobody wait.
    free: u32,
    /// Nobody waits longer, in seconds.
    longest: u64,
    /// A failure is forgiven after this time without another.
    forgiven_after: Duration,
}

#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    count: u32,
    last: Option<Instant>,
}

impl Failures {
    /// How many there still are.
    fn left(self, pace: &Pace, now: Instant) -> u32 {
        let quiet = self.last.map_or(Duration::ZERO, |last| now - last);
        let forgiven = quiet.as_secs() / pace.forgiven_after.as_secs().max(1);
        self.count.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
    }

    /// How long the next attempt has to wait.
    fn wait(self, pace: &Pace, now: Instant) -> Option<Duration> {
        let beyond = self.left(pace, now).checked_sub(pace.free)?;
        let pause = 1_u64.checked_shl(beyond).map_or(pace.longest, |it| it.min(pace.longest));
        let open = self.last? + Duration::from_secs(pause);
        open.checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    fn add(&mut self, pace: &Pace, now: Instant) {
        // More would not be waited for any longer, only be forgiven later.
        let most = pace.free + u64::BITS - pace.longest.leading_zeros();
        *self = Self { count: (self.left(pace, now) + 1).min(most), last: Some(now) };
    }
}

impl Brake {
    /// How long one has to wait until they may try a password.
    pub(crate) fn wait(&self, peer: IpAddr) -> Option<Duration> {
        let (peer, now) = (network(peer), Instant::now());
        let own = self.peers.get(&peer).and_then(|it| it.wait(&ONE, now));
        let is_known = self.known.contains(&peer);
        let common = self.all.wait(&ALL, now).filter(|_| !is_known);
        own.max(common)
    }

    /// Somebody tries a password.
    pub(crate) fn attempt(&mut self, peer: IpAddr) {
        let (peer, now) = (network(peer), Instant::now());
        if self.peers.len() >= MOST_PEERS && !self.peers.contains_key(&peer) {
            self.make_room(now);
        }
        self.peers.entry(peer).or_default().add(&ONE, now);
        self.all.add(&ALL, now);
    }

    /// The password was right.
    pub(crate) fn forgive(&mut self, peer: IpAddr) {
        let peer = network(peer);
        if self.peers.remove(&peer).is_some() {
            self.all.count = self.all.count.saturating_sub(1);
        }
        self.known.retain(|it| *it != peer);
        self.known.push_back(peer);
        if self.known.len() > MOST_KNOWN {
            self.known.pop_front();
        }
    }

    /// Forgets those who have failed least.
    fn make_room(&mut self, now: Instant) {
        self.peers.retain(|_, failures| failures.left(&ONE, now) > 0);
        if self.peers.len() >= MOST_PEERS {
            let least = self.peers.iter().min_by_key(|(_, it)| (it.left(&ONE, now), it.last));
            let least = least.map(|(peer, _)| *peer);
            least.map(|peer| self.peers.remove(&peer));
        }
    }
}

/// Whoever has an IPv6 address has all of its 2^64 neighbours.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(it) => IpAddr::V6(Ipv6Addr::from_bits(it.to_bits() >> 64 << 64)),
        it @ IpAddr::V4(_) => it,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn stranger(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number))
    }

    /// Fails as often as may be in this time, and says how often that was.
    async fn guess(brake: &mut Brake, peer: IpAddr, time: Duration) -> u32 {
        let (begin, mut guesses) = (Instant::now(), 0);
        while begin.elapsed() < time {
            match brake.wait(peer) {
                Some(wait) => tokio::time::advance(wait).await,
                None => {
                    brake.attempt(peer);
                    guesses += 1;
                }
            }
        }
        guesses
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_between_two_guesses_grows() {
        let mut brake = Brake::default();
        for _ in 0..10 {
            assert_eq!(brake.wait(HERE), None);
            brake.attempt(HERE);
        }
        for pause in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300] {
            assert_eq!(brake.wait(HERE), Some(Duration::from_secs(pause)));
            assert_eq!(brake.wait(stranger(1)), None, "others do not wait");
            tokio::time::advance(Duration::from_secs(pause) - Duration::from_millis(1)).await;
            assert_eq!(brake.wait(HERE), Some(Duration::from_millis(1)));
            tokio::time::advance(Duration::from_millis(1)).await;
            assert_eq!(brake.wait(HERE), None);
            brake.attempt(HERE);
        }
        assert!(guess(&mut brake, HERE, Duration::from_secs(86_400)).await <= 289);
        // Whoever has mistyped often is not kept waiting the next day.
        tokio::time::advance(Duration::from_secs(86_400)).await;
        assert_eq!(brake.wait(HERE), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_right_password_forgives() {
        let mut brake = Brake::default();
        for _ in 0..11 {
            brake.attempt(HERE);
        }
        assert!(brake.wait(HERE).is_some());
        brake.forgive(HERE);
        assert_eq!(brake.wait(HERE), None);
    }

    #[tokio::test(start_paused = true)]
    async fn many_addresses_are_no_way_around_it() {
        let mut brake = Brake::default();
        brake.attempt(HERE);
        brake.forgive(HERE);
        let (begin, mut guesses) = (Instant::now(), 0);
        for peer in (0..).map(stranger) {
            if begin.elapsed() > Duration::from_secs(3600) {
                break;
            }
            if let Some(wait) = brake.wait(peer) {
                assert!(wait <= Duration::from_secs(10));
                assert_eq!(brake.wait(HERE), None, "known");
                tokio::time::advance(wait).await;
            }
            brake.attempt(peer);
            guesses += 1;
        }
        assert!(guesses < 500, "{guesses}");
        assert!(brake.peers.len() <= MOST_PEERS);
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded() {
        let mut brake = Brake::default();
        for _ in 0..12 {
            brake.attempt(HERE);
        }
        for peer in (0..5000).map(stranger) {
            brake.attempt(peer);
            brake.forgive(stranger(7000));
        }
        assert_eq!(brake.peers.len(), MOST_PEERS);
        assert!(brake.wait(HERE).is_some(), "whoever has failed most is remembered");
        for peer in (0..5000).map(stranger) {
            brake.forgive(peer);
        }
        assert_eq!(brake.known.len(), MOST_KNOWN);
    }

    #[test]
    fn networks() {
        for (peer, expected) in [
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(network(peer.parse().unwrap()), expected.parse::<IpAddr>().unwrap());
        }
    }
}
