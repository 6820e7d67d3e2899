//! Words of the pages in front of the desk: the lock, the sign-in, the enrolment.

use super::catalogue;

catalogue! {
    /// Lock, sign-in, enrolment.
    EntranceWords {
        lock_title: "Buka berkas permohonan" | "Open the dossier",
        lock_h1: "Masukkan kode untuk membuka berkas" | "Enter the code to open the dossier",
        relock_h1: "Berkas terkunci lagi" | "The dossier is locked again",
        relock_lead: "{0} menit telah lewat. Yang sudah Anda ketik disimpan dan kembali setelah kode dimasukkan; kode dan password tidak disimpan."
            | "{0} minutes have passed. What you typed is kept and comes back after the code; codes and passwords are not kept.",
        relock_plain: "{0} menit telah lewat. Masukkan kode untuk melanjutkan." | "{0} minutes have passed. Enter the code to go on.",
        service: "Layanan" | "Service",
        findings: "Temuan" | "Findings",
        time_left: "Sisa waktu" | "Time left",
        time_left_until: "{0}, sampai {1}" | "{0}, until {1}",
        time_over: "Lewat {0}, jatuh tempo {1}" | "{0} over, was due {1}",
        clock_stopped: "Jam berhenti" | "Clock stopped",
        link_for: "Tautan untuk" | "Link for",
        held_mail: "Surel yang ditahan" | "A held mail",
        enter_code: "Masukkan kode 6 angka" | "Enter the 6-digit code",
        code_hint: "Dari aplikasi pembuat kode di ponsel Anda. Kode berganti setiap 30 detik." | "From the authenticator app on your phone. The code changes every 30 seconds.",
        open: "Buka berkas" | "Open the dossier",
        promise: "Berkas terbuka {0} menit di perangkat ini saja. Membuka berkas tidak mengubah apa pun; keputusan baru tercatat setelah Anda menekan tombol keputusan."
            | "The dossier opens for {0} minutes on this device alone. Opening it changes nothing; a decision is recorded only once you press a decision button.",
        no_phone: "Ponsel tidak ada di tangan, atau tautan ini bukan untuk Anda?" | "No phone at hand, or is this link not for you?",
        no_phone_more: "Minta Admin PPE lain mengambil alih melalui meja Loket. Tautan yang diteruskan kepada orang lain tidak dapat dipakai tanpa kode pemiliknya."
            | "Ask another Admin PPE to take over at the Loket desk. A forwarded link cannot be used without its owner's code.",
        key_use: "Pakai kunci sandi (passkey)" | "Use a passkey",
        key_add: "Tambahkan kunci sandi (passkey)" | "Add a passkey",
        key_failed: "Kunci sandi tidak dapat dipakai. Coba lagi, atau masukkan kode." | "The passkey could not be used. Try again, or enter the code.",
        key_refused: "Kunci sandi tidak diterima. Coba lagi." | "The passkey was not accepted. Try again.",
        key_h: "Kunci sandi (boleh dilewati)" | "Passkey (optional)",
        key_why: "Dengan sidik jari, wajah, atau PIN perangkat ini, tanpa mengetik kode. Kunci hanya berlaku di alamat ini, sehingga halaman tiruan tidak dapat memakainya."
            | "With this device's fingerprint, face or PIN, without typing a code. A key works at this address alone, so that a copied page cannot use it.",
        key_count: "Kunci sandi terdaftar: {0}" | "Passkeys enrolled: {0}",
        enrol_finish: "Selesaikan dengan kode dari aplikasi" | "Finish with the code of the app",
        by_phrase: "Ponsel tidak ada? Pakai frasa sandi" | "No phone? Use your passphrase",
        phrase: "Frasa sandi" | "Passphrase",
        phrase_again: "Frasa sandi sekali lagi" | "The passphrase once more",
        phrase_choose: "Tambahkan frasa sandi sebagai cadangan (boleh dikosongkan)" | "Add a passphrase as a fallback (optional)",
        phrase_why: "Dipakai bila ponsel tidak ada di tangan. Untuk memutuskan dengan membalas surel, kode dari ponsel tetap diperlukan."
            | "For when your phone is not at hand. Deciding by replying to a mail still needs the code from the phone.",
        phrase_hint: "Paling sedikit 15 karakter; beberapa kata yang tidak berhubungan mudah diingat dan sulit ditebak."
            | "At least 15 characters; some words that have nothing to do with each other are easy to keep and hard to guess.",
        phrase_change_h1: "Ganti frasa sandi" | "Change your passphrase",
        phrase_new: "Frasa sandi yang baru" | "The new passphrase",
        phrase_new_again: "Frasa sandi yang baru sekali lagi" | "The new passphrase once more",
        phrase_change_then: "Frasa yang lama berakhir seketika, perangkat Anda yang lain terkunci, dan Anda diberi tahu melalui surel. Kode dari ponsel tetap berlaku."
            | "The old one ends at once, your other devices are locked, and you are told by mail. The code from your phone still counts.",
        phrase_change: "Ganti frasa sandi" | "Change the passphrase",
        phrase_changed: "Frasa sandi telah diganti" | "The passphrase is changed",
        phrase_changed_more: "Sejak sekarang hanya frasa yang baru yang berlaku, dan perangkat Anda yang lain terkunci. Surel yang menyebutkannya dikirim kepada Anda."
            | "From now on the new one alone counts, and your other devices are locked. A mail that says so is on its way to you.",
        wrong: "Kode tidak cocok. Tunggu kode berikutnya di aplikasi Anda, lalu coba lagi." | "The code does not match. Wait for the next code in your app, then try again.",
        wrong_left: "Kode tidak cocok. Tunggu kode berikutnya di aplikasi Anda, lalu coba lagi. Sisa {0} percobaan."
            | "The code does not match. Wait for the next code in your app, then try again. {0} tries left.",
        locked_title: "Kode terkunci" | "Code locked",
        locked_h1: "Terlalu banyak kode yang salah" | "Too many wrong codes",
        locked_lead: "Kode Anda dikunci untuk sementara; surel kepada Anda menyebut sampai kapan, dan Admin PPE lain diberi tahu. Minta Admin PPE lain mengambil alih melalui meja Loket, atau minta pengelola sistem mendaftarkan ulang kode Anda."
            | "Your code is locked for a while; a mail to you says until when, and the other Admin PPEs are told. Ask another Admin PPE to take over at the Loket desk, or ask the operator to enrol you anew.",
        gone_title: "Tautan tidak berlaku" | "Link not valid",
        gone_h1: "Tautan ini sudah tidak berlaku" | "This link is no longer valid",
        gone_lead: "Tautan mungkin sudah dipakai, waktunya habis, berkasnya berubah, atau tautannya tidak lengkap tersalin. Demi keamanan, Loket tidak menyebutkan yang mana."
            | "It may have been used, may have expired, its dossier may have changed, or it was not copied whole. For safety Loket does not say which.",
        gone_ways: "Yang dapat Anda lakukan" | "What you can do",
        gone_desk: "Buka permohonan dari meja Loket." | "Open the request from the Loket desk.",
        gone_newest: "Cari surel terbaru dari Loket untuk permohonan itu; tautan yang lebih lama mati bila berkas berubah."
            | "Look for the newest mail from Loket on that request; older links die when the dossier changes.",
        gone_phone: "Atau telepon kantor pada jam layanan." | "Or call the office in service hours.",
        sign_in_title: "Masuk ke meja" | "Sign in to the desk",
        address: "Alamat surel kantor Anda" | "Your office mail address",
        address_wrong: "Tulis alamat surel lengkap, seperti nama@kantor.go.id." | "Write a whole mail address, such as name@office.go.id.",
        sign_in: "Masuk ke meja" | "Sign in to the desk",
        sign_in_wrong: "Alamat atau kode tidak cocok, atau kodenya sedang dikunci. Tunggu kode berikutnya di aplikasi Anda, lalu coba lagi; bila dikunci, pemiliknya diberi tahu melalui surel."
            | "Address or code do not match, or the code is locked. Wait for the next code in your app, then try again; of a lock its owner is told by mail.",
        sign_in_lead: "Meja terbuka {0} menit di perangkat ini saja." | "The desk opens for {0} minutes on this device alone.",
        enrol_title: "Pendaftaran kode admin" | "Enrolment of an admin's code",
        enrol_h1: "Pasang pembuat kode untuk Loket" | "Set up the code generator for Loket",
        enrol_for: "Pendaftaran untuk" | "Enrolment for",
        enrol_scan: "Pindai gambar ini dengan aplikasi pembuat kode di ponsel Anda." | "Scan this picture with the authenticator app on your phone.",
        enrol_type: "Atau ketikkan kunci ini ke dalam aplikasi." | "Or type this key into the app.",
        enrol_code: "Masukkan kode 6 angka yang ditampilkan aplikasi." | "Enter the 6-digit code the app shows.",
        enrol_picture: "Gambar QR untuk aplikasi pembuat kode" | "QR picture for the authenticator app",
        enrol_key: "Kunci" | "Key",
        enrol_confirm: "Selesaikan pendaftaran" | "Finish the enrolment",
        enrol_secret: "Hanya untuk Anda" | "For you alone",
        enrol_secret_more: "Jangan memotret atau meneruskan halaman ini. Siapa pun yang memegang kunci ini dapat memutuskan atas nama Anda. Gambar dan kunci berganti setiap 15 menit; yang sebelumnya masih diterima 45 menit."
            | "Do not photograph or forward this page. Whoever holds this key can decide in your name. Picture and key change every 15 minutes; an earlier one is still taken for 45 minutes.",
        enrol_done_h1: "Pendaftaran selesai" | "Enrolment finished",
        enrol_done: "Kode dari ponsel Anda sekarang membuka berkas dan meja Loket." | "The code from your phone now opens dossiers and the Loket desk.",
        enrol_gone: "Minta pengelola sistem membuat tautan pendaftaran yang baru." | "Ask the operator for a new enrolment link.",
    }
}
