# Makes the signed PDFs beside this file, once: `pip install pyHanko==0.38.0 cryptography` and `python make.py`. They check
# Loket's verification by another implementation. Keys are thrown away, certificates last from 2026 to 2055.
import datetime, io
from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from asn1crypto import algos, x509 as ax, keys as ak
from pyhanko.sign import signers, fields, timestamps
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

T0=datetime.datetime(2026,1,1); T1=datetime.datetime(2056,1,1)
def name(cn): return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME,'ID'),x509.NameAttribute(NameOID.ORGANIZATION_NAME,'Contoh'),x509.NameAttribute(NameOID.COMMON_NAME,cn)])
def cert(cn, key, issuer=None, ikey=None, ca=False, eku=None):
    b=x509.CertificateBuilder().subject_name(name(cn)).issuer_name(issuer.subject if issuer else name(cn)).public_key(key.public_key()).serial_number(x509.random_serial_number()).not_valid_before(T0).not_valid_after(T1)
    b=b.add_extension(x509.BasicConstraints(ca=ca,path_length=None),True)
    b=b.add_extension(x509.KeyUsage(digital_signature=not ca,content_commitment=not ca,key_encipherment=False,data_encipherment=False,key_agreement=False,key_cert_sign=ca,crl_sign=ca,encipher_only=False,decipher_only=False),True)
    b=b.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()),False)
    if eku: b=b.add_extension(x509.ExtendedKeyUsage([ObjectIdentifier(o) for o in eku]), eku==['1.3.6.1.5.5.7.3.8'])
    return b.sign(ikey or key, hashes.SHA256())
def a(c): return ax.Certificate.load(c.public_bytes(serialization.Encoding.DER))
def k(key): return ak.PrivateKeyInfo.load(key.private_bytes(serialization.Encoding.DER,serialization.PrivateFormat.PKCS8,serialization.NoEncryption()))
rk=ec.generate_private_key(ec.SECP384R1()); root=cert('Induk Contoh',rk,ca=True)
ik=ec.generate_private_key(ec.SECP256R1()); inter=cert('Penerbit Contoh',ik,root,rk,ca=True)
DS=['1.3.6.1.5.5.7.3.36','1.3.6.1.5.5.7.3.4']
uk=rsa.generate_private_key(65537,2048); user=cert('Budi Hartono, S.Kom.',uk,inter,ik,eku=DS)
vk=ec.generate_private_key(ec.SECP256R1()); boss=cert('Drs. Slamet Riyadi',vk,inter,ik,eku=DS)
tk=rsa.generate_private_key(65537,2048); tsa=cert("Stempel Waktu Contoh",tk,root,rk,eku=["1.3.6.1.5.5.7.3.8"])
open('root.pem','wb').write(root.public_bytes(serialization.Encoding.PEM))
def reg(*cs):
    s=SimpleCertificateStore(); s.register_multiple([a(c) for c in cs]); return s
# A salt as long as the digest, as RFC 4055 advises; pyHanko's own choice is the longest that fits.
sha512={'algorithm':'sha512'}
PSS=algos.SignedDigestAlgorithm({'algorithm':'rsassa_pss','parameters':algos.RSASSAPSSParams({'hash_algorithm':algos.DigestAlgorithm(sha512),'mask_gen_algorithm':algos.MaskGenAlgorithm({'algorithm':'mgf1','parameters':algos.DigestAlgorithm(sha512)}),'salt_length':64})})
def signer(c,key,how=None): return signers.SimpleSigner(signing_cert=a(c),signing_key=k(key),cert_registry=reg(inter,root),signature_mechanism=how)
ts=timestamps.DummyTimeStamper(tsa_cert=a(tsa),tsa_key=k(tk),certs_to_embed=reg(root),fixed_dt=datetime.datetime(2026,11,11,1,15,0,tzinfo=datetime.timezone.utc))
content=b"BT /F1 12 Tf 72 700 Td (Surat permohonan contoh) Tj ET"
def base():
    objs=[b"<</Type/Catalog/Pages 2 0 R>>",b"<</Type/Pages/Kids[3 0 R]/Count 1>>",b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",b"<</Length %d>>stream\n%s\nendstream"%(len(content),content),b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    out=b"%PDF-1.7\n"; offs=[]
    for i,o in enumerate(objs,1): offs.append(len(out)); out+=b"%d 0 obj"%i+o+b"endobj\n"
    x=len(out); out+=b"xref\n0 6\n0000000000 65535 f \n"+b"".join(b"%010d 00000 n \n"%o for o in offs)+b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"%x
    return out
def sign(data,s,field,sub=SigSeedSubFilter.PADES,md='sha256',timestamper=None,reserve=None):
    w=IncrementalPdfFileWriter(io.BytesIO(data))
    meta=signers.PdfSignatureMetadata(field_name=field,subfilter=sub,md_algorithm=md)
    return signers.PdfSigner(meta,s,timestamper=timestamper).sign_pdf(w,bytes_reserved=reserve).getvalue()
b=base()
W=lambda n,d:(open(n,'wb').write(d),print(n,len(d)))
one=sign(b,signer(user,uk),'Pemohon',reserve=8192); W('rsa.pdf',one)
W('pss.pdf',sign(b,signer(user,uk,PSS),'Pemohon',md='sha512',sub=SigSeedSubFilter.ADOBE_PKCS7_DETACHED,reserve=8192))
W('two.pdf',sign(one,signer(boss,vk),'Atasan',md='sha256',reserve=8192))
W('sha1.pdf',sign(b,signer(user,uk),'Pemohon',md='sha1',reserve=8192))
W('stamped.pdf',sign(b,signer(boss,vk),'Atasan',timestamper=ts,reserve=12288))
