//! Recordings: what a phone says comes to the disk as it was said; MED-T11.

use std::path::PathBuf;

use base::LegId;
use mediactl::{
    Command, DtmfToPeer, Event, FileId, Instead, Joined, Language, LegWant, Payload, PlayerId,
    PromptId, Record, RecordEnd, RecordFailure, Repeat, ToneKind, Words,
};
use rtp::g711::Law;
use rtp::{FRAME_SAMPLES, dtmf_tone};

use super::bench::{Bench, Folder, Phone, config, leg, playing};
use crate::{Config, Files, wav};

const MESSAGE: FileId = FileId::Message(0x1a3);

fn bench(folder: &Folder) -> Bench {
    Bench::with(Config { files: Some(folder.path()), ..config() })
}

fn record(file: FileId, serial: u32) -> Joined {
    Joined::Recorder(Record { file, max_s: 180, serial })
}

fn recorded(want: LegWant) -> LegWant {
    LegWant { joined: record(MESSAGE, 7), ..want }
}

/// Speech that is told by its frames: a tone of its own level in each.
fn speech(n: usize) -> [u8; FRAME_SAMPLES] {
    let level = 2_000 + 300 * (n % 40) as i32;
    std::array::from_fn(|at| {
        let phase = (at % 20) as i32 - 10;
        Law::Mu.encode((level * phase / 10) as i16)
    })
}

/// Sends frames, and lets the leg keep up with its socket.
fn say(bench: &Bench, phone: &mut Phone, frames: impl IntoIterator<Item = [u8; FRAME_SAMPLES]>) {
    let mut sent = bench.settle(LegId(1)).rx_packets;
    for frame in frames {
        phone.send(&frame);
        sent += 1;
        if sent.is_multiple_of(20) {
            bench.heard(LegId(1), sent);
        }
    }
    bench.heard(LegId(1), sent);
}

/// The phone hangs up; what comes of it is for the caller to look at.
fn hang_up(bench: &Bench) {
    bench.handle.send(Command::Close { leg: LegId(1) }).unwrap();
}

#[track_caller]
fn end(bench: &Bench) -> (FileId, u32, RecordEnd) {
    bench.event(|e| match e {
        Event::Recorded { leg: LegId(1), serial: 7, file, duration_ms, end } => {
            Some((file, duration_ms, end))
        }
        Event::RecordFailed { why, .. } => panic!("{why:?}"),
        _ => None,
    })
}

#[track_caller]
fn failure(bench: &Bench) -> RecordFailure {
    bench.event(|e| match e {
        Event::RecordFailed { leg: LegId(1), why, .. } => Some(why),
        Event::Recorded { .. } => panic!("recorded"),
        _ => None,
    })
}

fn octets(path: PathBuf) -> (Law, Vec<u8>) {
    let bytes = std::fs::read(path).unwrap();
    let (law, octets) = wav::parse(&bytes).unwrap();
    (law, octets.to_vec())
}

#[test]
fn what_is_said_comes_to_the_disk_and_can_be_heard() {
    let folder = Folder::new();
    let (bench, files) = (bench(&folder), Files::new(folder.path()));
    let mut a = Phone::new(1);
    a.to = Some(bench.open(&recorded(leg(1, &a))).0);
    let said: Vec<_> = (0..150).map(speech).collect();
    say(&bench, &mut a, said.clone());
    assert!(!files.exists(MESSAGE), "complete only at its end");
    bench.want(&LegWant { joined: Joined::None, ..leg(1, &a) });
    assert_eq!(end(&bench), (MESSAGE, 3_000, RecordEnd::Stopped));
    assert_eq!(octets(files.path(MESSAGE)), (Law::Mu, said.concat()));
    assert_eq!(files.duration_ms(MESSAGE).unwrap(), 3_000);
    // Another phone, of the other law, hears it, and is told where it ends.
    let b = Phone::new(2);
    let payloads = [Payload::PCMA].into_iter().collect();
    let want = LegWant { payloads, ..leg(2, &b) };
    bench.open(&playing(want, PlayerId::File(MESSAGE), Repeat::Once, 3));
    let heard: Vec<u8> = (0..150).flat_map(|_| b.hear().1.split_off(12)).collect();
    let turned: Vec<u8> = said.concat().iter().map(|o| Law::Mu.to_other(*o)).collect();
    assert_eq!(heard, turned);
    bench.event(|e| (e == Event::PlayEnded { leg: LegId(2), serial: 3 }).then_some(()));
}

#[test]
fn who_is_recorded_hears_silence_and_nobody_hears_him() {
    let folder = Folder::new();
    let bench = bench(&folder);
    let a = Phone::new(1);
    bench.open(&recorded(leg(1, &a)));
    let heard: Vec<_> = (0..5).map(|_| a.hear()).collect();
    for pair in heard.windows(2) {
        let (last, next) = (pair[0].0.header, pair[1].0.header);
        assert_eq!(next.timestamp.wrapping_sub(last.timestamp), 160);
    }
    assert!(heard.iter().all(|(_, packet)| packet[12..] == [0xff; 160]));
}

#[test]
fn hanging_up_ends_a_recording_in_order() {
    let folder = Folder::new();
    let (bench, files) = (bench(&folder), Files::new(folder.path()));
    let mut a = Phone::new(1);
    let payloads = [Payload::PCMA].into_iter().collect();
    a.to = Some(bench.open(&recorded(LegWant { payloads, ..leg(1, &a) })).0);
    a.next.pt = 8;
    say(&bench, &mut a, (0..130).map(speech));
    hang_up(&bench);
    assert_eq!(end(&bench), (MESSAGE, 2_600, RecordEnd::Stopped));
    assert_eq!(octets(files.path(MESSAGE)).0, Law::A, "the law of the phone");
}

#[test]
fn too_little_is_told_and_not_kept() {
    let folder = Folder::new();
    let (bench, files) = (bench(&folder), Files::new(folder.path()));
    let mut a = Phone::new(1);
    a.to = Some(bench.open(&recorded(leg(1, &a))).0);
    say(&bench, &mut a, (0..60).map(speech));
    hang_up(&bench);
    assert_eq!(end(&bench).1, 1_200);
    assert!(!files.exists(MESSAGE));
    assert_eq!(files.recover().unwrap(), []);
    // Silence is nothing either, however long.
    let mut a = Phone::new(1);
    a.to = Some(bench.open(&recorded(leg(1, &a))).0);
    say(&bench, &mut a, vec![[0xff; 160]; 200]);
    hang_up(&bench);
    assert_eq!(end(&bench).1, 0);
    assert!(!files.exists(MESSAGE));
}

#[test]
fn the_silence_at_the_end_is_cut() {
    let folder = Folder::new();
    let (bench, files) = (bench(&folder), Files::new(folder.path()));
    let mut a = Phone::new(1);
    a.to = Some(bench.open(&recorded(leg(1, &a))).0);
    say(&bench, &mut a, (0..150).map(speech).chain(vec![[0xff; 160]; 250]));
    hang_up(&bench);
    assert_eq!(end(&bench).1, 3_500);
    assert_eq!(octets(files.path(MESSAGE)).1.len(), 28_000);
    assert_eq!(std::fs::metadata(files.path(MESSAGE)).unwrap().len(), 28_058);
}

#[test]
fn digits_are_told_and_are_no_part_of_the_message() {
    let folder = Folder::new();
    let (bench, files) = (bench(&folder), Files::new(folder.path()));
    let mut a = Phone::new(1);
    let payloads = [Payload::PCMU].into_iter().collect();
    let dtmf_to_peer = DtmfToPeer::Pass;
    a.to = Some(bench.open(&recorded(LegWant { payloads, dtmf_to_peer, ..leg(1, &a) })).0);
    let hash = (0..8).map(|n| {
        let mut samples = [0; FRAME_SAMPLES];
        dtmf_tone::fill(11, n * FRAME_SAMPLES, &mut samples);
        samples.map(|s| Law::Mu.encode(s))
    });
    say(&bench, &mut a, (0..120).map(speech));
    hash.for_each(|frame| a.send(&frame));
    bench
        .event(|e| matches!(e, Event::Digit { digit, .. } if digit.as_char() == '#').then_some(()));
    bench.heard(LegId(1), 128);
    hang_up(&bench);
    end(&bench);
    let mut ear = dtmf_tone::ToneReceiver::default();
    let mut heard = 0;
    ear.payload(Law::Mu, &octets(files.path(MESSAGE)).1, |_| heard += 1);
    assert_eq!(heard, 0);
}

/// R262: a crash keeps what was recorded, up to the last second.
#[test]
fn a_crash_loses_less_than_a_second() {
    let folder = Folder::new();
    let bench = bench(&folder);
    let mut a = Phone::new(1);
    a.to = Some(bench.open(&recorded(leg(1, &a))).0);
    let said: Vec<_> = (0..200).map(speech).collect();
    say(&bench, &mut a, said.clone());
    // What a crash would leave behind now; the writing thread needs a moment to be that far.
    let left = folder.path().join("open").join("message-00000000000001a3.wav");
    let copy = Folder::new();
    let open = copy.path().join("open");
    std::fs::create_dir_all(&open).unwrap();
    let there = loop {
        let bytes = std::fs::read(&left).unwrap_or_default();
        if bytes.len() > 200 * 160 - 8_000 {
            break bytes;
        }
        std::thread::yield_now();
    };
    std::fs::write(open.join("message-00000000000001a3.wav"), &there).unwrap();
    let files = Files::new(copy.path());
    let recovered = files.recover().unwrap();
    assert_eq!(recovered.len(), 1);
    assert_eq!(recovered[0].file, MESSAGE);
    assert!((3_000..=4_000).contains(&recovered[0].duration_ms), "{recovered:?}");
    let kept = octets(files.path(MESSAGE)).1;
    assert_eq!(kept, said.concat()[..kept.len()]);
    assert_eq!(files.recover().unwrap(), [], "once");
    // An orderly stop completes it instead.
    drop(bench.plane);
    assert_eq!(Files::new(folder.path()).duration_ms(MESSAGE).unwrap(), 4_000);
}

/// A plane that was rebuilt goes on with what the one before it had begun.
#[test]
fn a_rebuilt_plane_goes_on_with_the_recording() {
    let folder = Folder::new();
    let files = Files::new(folder.path());
    let path = files.open_path(MESSAGE).unwrap();
    let before: Vec<u8> = (0..100).flat_map(speech).collect();
    std::fs::write(path, [&wav::header(Law::Mu, 0)[..], &before].concat()).unwrap();
    let bench = bench(&folder);
    let mut a = Phone::new(1);
    a.to = Some(bench.open(&recorded(leg(1, &a))).0);
    say(&bench, &mut a, (100..150).map(speech));
    hang_up(&bench);
    assert_eq!(end(&bench).1, 3_000);
    assert_eq!(octets(files.path(MESSAGE)).1, (0..150).flat_map(speech).collect::<Vec<u8>>());
}

#[test]
fn each_failure_is_told_with_its_reason_and_the_call_goes_on() {
    let nowhere = Bench::new();
    let mut a = Phone::new(1);
    a.to = Some(nowhere.open(&recorded(leg(1, &a))).0);
    assert_eq!(failure(&nowhere), RecordFailure::Storage);
    let folder = Folder::new();
    let (bench, files) = (bench(&folder), Files::new(folder.path()));
    // The device that is always full.
    std::os::unix::fs::symlink("/dev/full", files.open_path(MESSAGE).unwrap()).unwrap();
    let mut a = Phone::new(1);
    a.to = Some(bench.open(&recorded(leg(1, &a))).0);
    assert_eq!(failure(&bench), RecordFailure::DiskFull);
    say(&bench, &mut a, (0..30).map(speech));
    // A file that is there is never written over.
    let other = FileId::Greeting(5);
    files.store(other, Law::Mu, &[1; 16_000]).unwrap();
    bench.want(&LegWant { joined: record(other, 8), ..leg(1, &a) });
    assert_eq!(failure(&bench), RecordFailure::Exists);
    assert_eq!(octets(files.path(other)).1, [1; 16_000]);
    let codec = mediactl::Codec::G722;
    let payloads = [Payload { pt: 9, codec, clock: 8_000, channels: 1 }].into_iter().collect();
    bench.want(&LegWant { joined: record(MESSAGE, 9), payloads, ..leg(1, &a) });
    assert_eq!(failure(&bench), RecordFailure::Codec);
    bench.want(&playing(leg(1, &a), PlayerId::HoldMusic, Repeat::Forever, 0));
    a.hear();
}

#[test]
fn files_are_private_and_can_be_removed() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let (bench, files) = (bench(&folder), Files::new(folder.path()));
    let mut a = Phone::new(1);
    a.to = Some(bench.open(&recorded(leg(1, &a))).0);
    say(&bench, &mut a, (0..120).map(speech));
    hang_up(&bench);
    end(&bench);
    let path = files.path(MESSAGE);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path) & 0o777, 0o600);
    assert_eq!(mode(path.parent().unwrap()) & 0o777, 0o700);
    bench.handle.send(Command::DeleteFile { file: MESSAGE }).unwrap();
    bench.handle.send(Command::DeleteFile { file: FileId::Sound(1) }).unwrap();
    drop(bench.plane);
    assert!(!files.exists(MESSAGE));
}

#[test]
fn a_file_that_is_missing_has_ended_at_once_and_missing_music_is_the_built_in() {
    let folder = Folder::new();
    let bench = bench(&folder);
    let a = Phone::new(1);
    bench.open(&playing(leg(1, &a), PlayerId::File(FileId::Greeting(9)), Repeat::Once, 4));
    bench.event(|e| (e == Event::PlayEnded { leg: LegId(1), serial: 4 }).then_some(()));
    let music = crate::library::make(PlayerId::HoldMusic);
    let all: Vec<_> = (0..music.frames()).filter_map(|n| music.frame(Law::Mu, n)).collect();
    bench.want(&playing(leg(1, &a), PlayerId::Music(3), Repeat::Forever, 5));
    let heard = a.hear().1.split_off(12);
    assert!(all.iter().any(|frame| frame[..] == heard[..]));
}

/// R319: an own sentence or tone, alone or among words, to the end though its file is gone; the
/// built-in one where there is none.
#[test]
fn own_sounds_stand_in_for_built_in_ones_and_missing_ones_do_not() {
    let folder = Folder::new();
    let (bench, files) = (bench(&folder), Files::new(folder.path()));
    let own = [0x55; 3 * 160];
    files.store(FileId::Sound(1), Law::Mu, &own).unwrap();
    let a = Phone::new(1);
    let words = Words::new(Language::En).tone(ToneKind::Beep).say(PromptId::N2);
    let built_in = |what| {
        let clip = crate::library::make(what);
        let all = (0..clip.frames()).filter_map(|n| clip.frame(Law::Mu, n));
        all.flatten().collect::<Vec<u8>>()
    };
    let two = PlayerId::Prompt { id: PromptId::N2, language: Language::En };
    let instead =
        [Instead { of: PlayerId::Tone(ToneKind::Beep), sound: 1 }, Instead { of: two, sound: 9 }];
    let want = LegWant { instead: instead.into(), ..leg(1, &a) };
    bench.open(&playing(want.clone(), PlayerId::Words(words), Repeat::Once, 5));
    let hear = |octets: usize| -> Vec<u8> {
        (0..octets / 160).flat_map(|_| a.hear().1.split_off(12)).collect()
    };
    let expected = [own.to_vec(), built_in(two)].concat();
    assert_eq!(hear(expected.len()), expected);
    bench.event(|e| (e == Event::PlayEnded { leg: LegId(1), serial: 5 }).then_some(()));
    let beep = PlayerId::Tone(ToneKind::Beep);
    bench.want(&playing(want.clone(), beep, Repeat::Forever, 6));
    assert_eq!(hear(2 * own.len()), [own, own].concat());
    // Who hears it keeps it, whatever becomes of it and of what is wanted.
    files.delete(FileId::Sound(1)).unwrap();
    bench.want(&playing(leg(1, &a), beep, Repeat::Forever, 6));
    assert!(hear(4 * own.len()).iter().all(|octet| *octet == 0x55));
    bench.want(&playing(want, beep, Repeat::Once, 7));
    let expected = built_in(beep);
    let first = std::iter::repeat_with(|| a.hear().1.split_off(12)).find(|f| f[..] != own[..160]);
    let rest = [first.unwrap_or_default(), hear(expected.len() - 160)].concat();
    assert_eq!(rest, expected, "the next one hears the standard");
}

/// The sound decides; for those who say nothing the plane's clock does, after the same time.
#[test]
fn the_longest_recording_ends_by_itself() {
    let folder = Folder::new();
    let (bench, files) = (bench(&folder), Files::new(folder.path()));
    let mut a = Phone::new(1);
    let joined = Joined::Recorder(Record { file: MESSAGE, max_s: 1, serial: 7 });
    a.to = Some(bench.open(&LegWant { joined, ..leg(1, &a) }).0);
    say(&bench, &mut a, (0..480).map(speech));
    (480..500).for_each(|n| a.send(&speech(n)));
    assert_eq!(end(&bench), (MESSAGE, 10_000, RecordEnd::Limit), "ten seconds at least");
    say(&bench, &mut a, (0..40).map(speech));
    hang_up(&bench);
    bench.event(|e| matches!(e, Event::Stats { closed: true, .. }).then_some(()));
    assert_eq!(files.duration_ms(MESSAGE).unwrap(), 10_000);
}

/// MED-T11: a disk that stands still keeps nobody waiting; frames too many are counted.
#[test]
fn frames_that_find_too_many_waiting_are_refused_at_once() {
    use crate::recorder::{Frame, Order, Recorder};
    let folder = Folder::new();
    let (tell, events) = std::sync::mpsc::sync_channel(10);
    let files = Some(Files::new(folder.path()));
    let events_to = std::sync::Arc::new(move |event| tell.send(event).unwrap());
    let (recorder, scribe) = Recorder::new(files, events_to);
    let record = Record { file: MESSAGE, max_s: 600, serial: 7 };
    let order = Order { leg: LegId(1), record, law: Law::Mu, limit: 600 * 8_000 };
    let key = recorder.begin(order).unwrap();
    let mut taken = 0;
    loop {
        let header = rtp::Header { timestamp: taken * 160, ..rtp::Header::default() };
        let at = base::Mono(u64::from(taken) * 20_000);
        let (octets, len) = (speech(taken as usize), FRAME_SAMPLES);
        if !recorder.frame(key, Frame { at, header, law: Law::Mu, octets, len }) {
            break;
        }
        taken += 1;
    }
    assert_eq!(taken, 4_096);
    assert!(recorder.finish(key, RecordEnd::Stopped), "an end has room of its own");
    recorder.stop();
    // The disk is back: what was taken is whole.
    scribe.run();
    let told: Vec<Event> = events.try_iter().collect();
    let [Event::Recorded { duration_ms, .. }] = told[..] else { panic!("{told:?}") };
    assert_eq!(duration_ms, taken * 20);
}

/// What nothing knows of goes at the start: a greeting whose entry a crash took, and so on.
#[test]
fn files_that_nothing_knows_of_are_swept_and_others_stay() {
    let folder = Folder::new();
    let files = Files::new(folder.path());
    assert_eq!(files.sweep(|_| false).unwrap(), 0, "there is no folder yet");
    let kinds = [FileId::Message, FileId::Greeting, FileId::Sound];
    let all: Vec<FileId> = kinds.iter().flat_map(|of| [of(0x1a3), of(0x2a3)]).collect();
    for file in &all {
        files.store(*file, Law::Mu, &[0x55; 1_600]).unwrap();
    }
    let odd = folder.path().join("greetings/a3/notes.txt");
    std::fs::write(&odd, "mine").unwrap();
    let known = |file| kinds.iter().any(|of| file == of(0x1a3));
    assert_eq!(files.sweep(known).unwrap(), 3);
    for file in all {
        assert_eq!(files.exists(file), known(file), "{file:?}");
    }
    assert!(odd.exists(), "what is none of ours stays");
    assert_eq!(files.sweep(known).unwrap(), 0, "once");
}
