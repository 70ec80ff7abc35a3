//! Runs of devices with an app that once ended in a violation: each is a test, as the few steps that it
//! takes.

use simulator::apps::{
    Edit, How, Model, Past, References, Release, Scenario, Start, Step, Struck, run_telling,
};

fn holds(releases: &[Release], steps: Vec<Step>) {
    let starts = releases.iter().map(|it| Start::from(*it));
    holds_from(starts.collect(), steps);
}

fn holds_from(starts: Vec<Start>, steps: Vec<Step>) {
    let scenario = Scenario { starts, steps };
    let outcome = run_telling(&scenario, None).unwrap();
    assert_eq!(outcome.broken, None, "{:#?}", outcome.lines);
}

fn edit(model: Model, record: u8, how: How, values: [u8; 3]) -> Edit {
    Edit {
        model,
        record,
        how,
        values,
    }
}

fn write(on: u8, edits: &[Edit]) -> Step {
    Step::Write {
        on,
        edits: edits.to_vec(),
        references: References::Unchecked,
        struck: None,
    }
}

/// A reader asks an origin, is answered, and acknowledges.
fn read(reader: u8, origin: u8) -> Vec<Step> {
    let pull = Step::Pull {
        reader,
        origin,
        back: 0,
        limit: 9,
    };
    let deliver = Step::Deliver {
        pick: 0,
        struck: None,
    };
    vec![pull, deliver.clone(), deliver.clone(), deliver]
}

/// The receiver took a newer update for none, because it had no members.
#[test]
fn an_update_without_members_is_in_a_newer_version_all_the_same() {
    let nothing = edit(Model::Note, 0, How::Update, [6, 4, 4]);
    let note = edit(Model::Note, 0, How::Save, [0, 5, 5]);
    let ahead = Step::Jump {
        on: 1,
        off_ms: 32_400_000,
    };
    let steps = vec![ahead, write(1, &[nothing]), write(2, &[note])];
    holds(&[Release::Second, Release::Second, Release::First], steps);
}

/// The receiver forgot an update of a record that was not inserted yet.
#[test]
fn a_member_of_a_record_that_is_not_there_yet_is_not_forgotten() {
    let other = edit(Model::Note, 1, How::Save, [6, 1, 15]);
    let updated = edit(Model::Note, 2, How::Update, [3, 1, 7]);
    let inserted = edit(Model::Note, 2, How::Update, [1, 11, 3]);
    let mut steps = vec![write(1, &[other]), write(0, &[updated])];
    steps.extend(read(0, 1));
    steps.extend([Step::Forget { on: 0 }, write(1, &[inserted])]);
    holds(&[Release::Second, Release::First], steps);
}

/// The database emptied the reference when the link was deleted, and the receiver did not fill it again.
#[test]
fn a_cover_that_is_deleted_and_inserted_again_in_one_write_stays_the_cover() {
    let tag = edit(Model::Tag, 2, How::Save, [12, 4, 8]);
    let link = edit(Model::Link, 1, How::Save, [2, 2, 6]);
    let album = edit(Model::Album, 2, How::Save, [13, 1, 1]);
    let deleted = edit(Model::Link, 1, How::Delete, [0; 3]);
    let steps = vec![write(0, &[tag, album, link]), write(0, &[deleted, link])];
    holds(&[Release::First, Release::First], steps);
}

/// The database deleted the link with its album and emptied the reference, and the app wrote the link again.
#[test]
fn a_cover_that_is_deleted_with_its_album_and_written_again_in_one_write_stays_the_cover() {
    let tag = edit(Model::Tag, 3, How::Save, [0, 12, 2]);
    let elsewhere = edit(Model::Album, 1, How::Save, [0, 11, 15]);
    let with_cover = edit(Model::Album, 2, How::Save, [9, 8, 2]);
    let around = edit(Model::Album, 0, How::Save, [12, 14, 9]);
    let link = edit(Model::Link, 2, How::Insert, [10, 15, 6]);
    let moved = edit(Model::Link, 2, How::Update, [4, 12, 6]);
    let deleted = edit(Model::Album, 0, How::Delete, [14, 13, 7]);
    let moved_away = edit(Model::Link, 2, How::Update, [1, 15, 14]);
    let steps = vec![
        write(0, &[link]),
        write(0, &[tag, elsewhere]),
        write(0, &[with_cover, around]),
        write(0, &[moved, deleted, moved_away]),
    ];
    holds(&[Release::Second, Release::Second], steps);
}

/// The receiver kept the highest change of a record alone, and a lower one had a member that the release
/// did not know.
#[test]
fn a_member_that_an_older_release_did_not_know_is_there_after_the_upgrade() {
    let newer = edit(Model::Note, 3, How::Save, [8, 14, 5]);
    let older = edit(Model::Note, 3, How::Save, [3, 6, 9]);
    let saved = edit(Model::Note, 3, How::Save, [15, 0, 13]);
    let mut steps = vec![write(1, &[newer])];
    steps.extend(read(2, 1));
    let killed = Step::Write {
        on: 3,
        edits: vec![edit(Model::Album, 3, How::Insert, [15, 9, 1]), older],
        references: References::Unchecked,
        struck: Some(Struck::AfterCommit),
    };
    steps.extend([killed, write(2, &[saved])]);
    steps.extend(read(3, 2));
    steps.push(Step::Upgrade { on: 3 });
    let [first, second] = [Release::First, Release::Second];
    holds(&[second, second, first, first], steps);
}

/// The receiver took the row for one that it had never received, because its stamp was in no log.
#[test]
fn a_row_from_before_it_was_shared_does_not_come_back_once_it_was_deleted_and_forgotten() {
    let tag = edit(Model::Tag, 2, How::Save, [14, 0, 7]);
    let past = Past {
        edits: vec![tag],
        ..Past::default()
    };
    let with_tag = Start {
        release: Release::Second,
        past,
    };
    let deleted = edit(Model::Tag, 2, How::Delete, [0; 3]);
    let note = edit(Model::Note, 0, How::Save, [9, 5, 13]);
    let joined = Step::Snapshot {
        reader: 1,
        donor: 0,
    };
    let mut steps = vec![joined, write(0, &[deleted]), write(1, &[note])];
    steps.extend(read(0, 1));
    let again = Step::Snapshot {
        reader: 0,
        donor: 1,
    };
    steps.extend([Step::Forget { on: 0 }, again]);
    holds_from(vec![with_tag, Start::from(Release::First)], steps);
}

/// The receiver asked the tables again and again for a row that they refused without its reference.
#[test]
fn a_row_that_the_tables_refuse_without_its_reference_does_not_stop_a_write() {
    let past = Past {
        edits: vec![edit(Model::Album, 1, How::Save, [0, 0, 1])],
        is_logged: true,
        changed_ms: Some(1_699_989_200_000),
    };
    let with_album = Start {
        release: Release::Second,
        past,
    };
    let [first, second] = [Release::First, Release::Second];
    let starts = vec![first.into(), second.into(), first.into(), with_album];
    let pull = Step::Pull {
        reader: 2,
        origin: 3,
        back: 0,
        limit: 2,
    };
    let deliver = Step::Deliver {
        pick: 3,
        struck: None,
    };
    let link = edit(Model::Link, 3, How::Save, [13, 7, 6]);
    let album = edit(Model::Album, 1, How::Save, [0, 11, 11]);
    holds_from(starts, vec![pull, deliver, write(2, &[link, album])]);
}
