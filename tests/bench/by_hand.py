"""What somebody would write in an afternoon: fetch, pdftotext, look for the number, answer, file. For comparison."""
import email
import imaplib
import re
import smtplib
import subprocess
import sys
import tempfile
from email.message import EmailMessage

imap_port, smtp_port, user, password = sys.argv[1:5]
box = imaplib.IMAP4("127.0.0.1", int(imap_port))
box.login(user, password)
box.create("Diproses")
box.select("INBOX")
post = smtplib.SMTP("127.0.0.1", int(smtp_port))
_, found = box.uid("SEARCH", None, "ALL")
for uid in found[0].split():
    _, parts = box.uid("FETCH", uid, "(BODY.PEEK[])")
    mail = email.message_from_bytes(parts[0][1])
    numbers = []
    for part in mail.walk():
        if part.get_content_type() == "application/pdf":
            with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
                file.write(part.get_payload(decode=True))
                file.flush()
                text = subprocess.run(["pdftotext", "-layout", file.name, "-"], capture_output=True).stdout.decode()
                numbers += re.findall(r"\d{3}\.\d/\d+/\S+", text)
    answer = EmailMessage()
    answer["From"], answer["To"] = user, email.utils.parseaddr(mail["From"])[1]
    answer["Subject"], answer["In-Reply-To"] = "Diterima", mail["Message-ID"]
    answer.set_content("Permohonan diterima: " + ", ".join(numbers))
    post.send_message(answer)
    box.uid("COPY", uid, "Diproses")
    box.uid("STORE", uid, "+FLAGS", "(\\Deleted)")
box.expunge()
box.logout()
