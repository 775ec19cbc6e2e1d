package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	tls "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	secret "github.com/envoyproxy/go-control-plane/envoy/service/secret/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/anypb"
)

// Stands in for the agent beside each proxy: gives every node a certificate of
// its service account, signed by the mesh's root; to nodes labelled
// lab/root: foreign one of another root.
type secrets struct {
	secret.UnimplementedSecretDiscoveryServiceServer
	trustDomain string
	root        authority
	foreign     authority
}

func serveSecrets(trustDomain string) (string, error) {
	root, err := newAuthority()
	if err != nil {
		return "", err
	}
	foreign, err := newAuthority()
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := grpc.NewServer()
	secret.RegisterSecretDiscoveryServiceServer(server, &secrets{trustDomain: trustDomain, root: root, foreign: foreign})
	go func() {
		if err := server.Serve(listener); err != nil {
			fmt.Fprintln(os.Stderr, "meshlab: secrets:", err)
		}
	}()
	return listener.Addr().String(), nil
}

func (s *secrets) StreamSecrets(stream secret.SecretDiscoveryService_StreamSecretsServer) error {
	var node *core.Node
	for {
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		if request.Node != nil {
			node = request.Node
		}
		// An acknowledgement; nothing new is to be said.
		if request.ResponseNonce != "" {
			continue
		}
		response := &discovery.DiscoveryResponse{TypeUrl: request.TypeUrl, VersionInfo: "1", Nonce: "1"}
		for _, name := range request.ResourceNames {
			resource, err := s.resource(name, node)
			if err != nil {
				return err
			}
			response.Resources = append(response.Resources, resource)
		}
		if err := stream.Send(response); err != nil {
			return err
		}
	}
}

func (s *secrets) resource(name string, node *core.Node) (*anypb.Any, error) {
	if name == "ROOTCA" {
		return anypb.New(&tls.Secret{Name: name, Type: &tls.Secret_ValidationContext{
			ValidationContext: &tls.CertificateValidationContext{TrustedCa: inline(s.root.pem())},
		}})
	}
	fields := node.GetMetadata().GetFields()
	issuer := s.root
	if fields["LABELS"].GetStructValue().GetFields()["lab/root"].GetStringValue() == "foreign" {
		issuer = s.foreign
	}
	certificate, key, err := issuer.issue(&url.URL{
		Scheme: "spiffe",
		Host:   s.trustDomain,
		Path:   "/ns/" + fields["NAMESPACE"].GetStringValue() + "/sa/" + fields["SERVICE_ACCOUNT"].GetStringValue(),
	})
	if err != nil {
		return nil, err
	}
	return anypb.New(&tls.Secret{Name: name, Type: &tls.Secret_TlsCertificate{
		TlsCertificate: &tls.TlsCertificate{CertificateChain: inline(certificate), PrivateKey: inline(key)},
	}})
}

func inline(bytes []byte) *core.DataSource {
	return &core.DataSource{Specifier: &core.DataSource_InlineBytes{InlineBytes: bytes}}
}

// A root with its key.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority() (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	template := lasting()
	template.Subject = pkix.Name{Organization: []string{"mesh lab"}}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign
	bytes, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return authority{}, err
	}
	certificate, err := x509.ParseCertificate(bytes)
	return authority{certificate, key}, err
}

func (a authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

// A certificate with that one name, and its key; both as PEM.
func (a authority) issue(identity *url.URL) ([]byte, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := lasting()
	template.URIs = []*url.URL{identity}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	certificate, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), nil
}

func lasting() *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
	}
}
