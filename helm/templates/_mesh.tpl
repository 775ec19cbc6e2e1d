{{/* Istio reads grpc; Linkerd would take grpc for opaque TCP and wants h2c. */}}
{{- define "mesh.appProtocol" -}}
{{- if hasPrefix "istio" .Values.mesh.provider -}}
grpc
{{- else -}}
kubernetes.io/h2c
{{- end -}}
{{- end -}}
