{{/* Of the Service that callers know. */}}
{{- define "service.meshLabels" -}}
{{- if include "mesh.ambient" . -}}
istio.io/use-waypoint: {{ include "mesh.waypoint" . | quote }}
{{- with .Values.mesh.istio.waypoint.namespace }}
istio.io/use-waypoint-namespace: {{ . | quote }}
{{- end }}
# Else a gateway would go around it, past its tokens and roles.
istio.io/ingress-use-waypoint: "true"
{{- else if and (include "mesh.linkerd" .) .Values.mesh.linkerd.export -}}
mirror.linkerd.io/exported: "true"
{{- end -}}
{{- end -}}

{{/* Port that callers use. */}}
{{- define "service.port" -}}
{{- default .Values.ports.grpc .Values.service.port | int -}}
{{- end -}}

{{/* What callers from outside of the cluster meet. */}}
{{- define "service.outside" -}}
{{- with .Values.service }}
{{- if ne .type "ClusterIP" }}
{{- with .externalTrafficPolicy }}
externalTrafficPolicy: {{ . }}
{{- end }}
{{- end }}
{{- if eq .type "LoadBalancer" }}
{{- if ne (toString .allocateLoadBalancerNodePorts) "" }}
allocateLoadBalancerNodePorts: {{ .allocateLoadBalancerNodePorts }}
{{- end }}
{{- with .loadBalancerClass }}
loadBalancerClass: {{ . | quote }}
{{- end }}
{{- with .loadBalancerSourceRanges }}
loadBalancerSourceRanges:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Takes root, and main for the Service that callers know. */}}
{{- define "service.allAnnotations" -}}
{{- include "service.annotations" .root -}}
{{- if and .main .root.Values.service.keep }}
helm.sh/resource-policy: keep
{{- end }}
{{- end -}}

{{/* Linkerd's circuit breaking, which sits on the Service. */}}
{{- define "service.annotations" -}}
{{- with .Values.circuitBreaking }}
{{- if and (include "balancing.breaks" $) (include "mesh.linkerd" $) }}
balancer.linkerd.io/failure-accrual: consecutive
balancer.linkerd.io/failure-accrual-consecutive-max-failures: {{ .consecutiveErrors | quote }}
balancer.linkerd.io/failure-accrual-consecutive-min-penalty: {{ .baseEjection }}
balancer.linkerd.io/failure-accrual-consecutive-max-penalty: {{ .maxEjection }}
{{- end }}
{{- end }}
{{- end -}}
